"""What can go wrong, cut by what the caller should do.

OrderMirrorError
├── ConfigError          mend the settings; carries every problem at once
├── SAPError
│   ├── SAPUnavailable   try again later (time-outs, connection, 429, 5xx, half an answer)
│   │   └── TooMuchAtOnce    … and ask for less (an answer that took too long, or is too large)
│   ├── SAPRefused       stop and tell a person (login refused, 403, 400, a redirect)
│   ├── BadAnswer        the answer can't be trusted: its probe fails, nothing moves
│   └── BadOrder         set this one order aside, count it, go on
├── IdentityConflict     write nothing more until a person has decided
├── SyncAlreadyRunning   leave quietly
├── SyncStopped          the program is ending; the next run goes on
└── LeaseLost            another run took over: write nothing more
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


class OrderMirrorError(Exception):
    """Root of every error that OrderMirror raises on purpose."""


class ConfigError(OrderMirrorError):
    """The settings are wrong; `problems` holds one sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked when something went wrong: no host, no filter, no body.

    `status` is None when there was no answer.
    """

    method: str
    path: str
    status: int | None = None


class SAPError(OrderMirrorError):
    """Something about the other side: SAP itself, or the way there."""

    asked: Asked | None = None
    """The request behind it, where there was one."""

    def about(self, method: str, path: str, status: int | None = None) -> Self:
        """Remember the request behind it, once; what a filter holds is never told."""
        self.asked = self.asked or Asked(method, path.partition("?")[0], status)
        return self


class SAPUnavailable(SAPError):
    """SAP could not answer now; asking again later is right."""


class TooMuchAtOnce(SAPUnavailable):
    """The answer was too large, or did not come whole in time; a smaller one may."""


class SAPRefused(SAPError):
    """SAP said no; asking again would not help and may lock the account."""


class BadAnswer(SAPError):
    """An answer that proves nothing: wrong shape, wrong order, rows that were not asked for."""


class BadOrder(SAPError):
    """One document that can't be decoded or stored; the others go on."""

    def __init__(self, doc_entry: int, stage: str, reason: str) -> None:
        self.doc_entry = doc_entry
        self.stage = stage
        self.reason = reason
        super().__init__(f"order with DocEntry {doc_entry} set aside ({stage}): {reason}")


class IdentityConflict(OrderMirrorError):
    """SAP shows another company, or a past state of this one, or has lost many orders at once."""


class SyncAlreadyRunning(OrderMirrorError):
    """Another run holds the lease of this company."""


class LeaseLost(OrderMirrorError):
    """This run was paused for longer than its lease; another run has taken over."""


class SyncStopped(OrderMirrorError):
    """The program is ending, so the run ended early; nothing is lost."""
