"""Faults to order: what proxies, networks and odd releases do to an answer, on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

ANSWER_KINDS = (
    "html", "html_502", "empty", "empty_500", "http_503", "error_200", "truncated",
    "truncated_json", "reset", "expired", "slow", "redirect", "huge", "retry_after_429",
)  # fmt: skip
"""Faults of any answer."""

PAGE_KINDS = {
    "no_value": 0,
    "value_not_list": 0,
    "wrong_count": 0,
    "shuffled": 2,
    "duplicate": 1,
    "dropped_row": 1,
    "foreign_row": 0,
}
"""Faults of a page of rows, with the fewest rows each makes sense for."""

_SPEC = re.compile(
    r"(?:(?P<path>[\w$()/']+):)?(?P<kind>\w+)(?:@(?P<nth>\d+)|/(?P<every>\d+)|(?P<always>\*))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault and when it strikes: after so many matching requests, so many times.

    A request matches when its path below /b1s/vN/ begins with `path`. Without a path, every
    request but Login and Logout does. A fault of a page counts pages with enough rows only.
    """

    kind: str
    path: str = ""
    after: int = 0
    times: int | None = 1
    every: int | None = None
    seconds: float = 1.0
    """For slow: the delay. For retry_after_429: what Retry-After says."""
    megabytes: int = 64

    def __post_init__(self) -> None:
        if self.kind not in ANSWER_KINDS and self.kind not in PAGE_KINDS:
            known = ", ".join(sorted((*ANSWER_KINDS, *PAGE_KINDS)))
            raise ValueError(f"Unknown fault {self.kind!r}; known are {known}")
        if self.every is not None and self.every < 1:
            raise ValueError("A fault cannot strike every 0 requests")

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """From "[path:]kind", then "@3" (the third, once), "/10" (each tenth) or "*" (always)."""
        match = _SPEC.fullmatch(spec.strip())
        if match is None:
            raise ValueError(f"Not a fault: {spec!r}; expected [path:]kind[@n or /n or *]")
        kind, path = match["kind"], match["path"] or ""
        if match["every"]:
            return cls(kind=kind, path=path, every=int(match["every"]), times=None)
        if match["always"]:
            return cls(kind=kind, path=path, times=None)
        nth = int(match["nth"] or 1)
        if nth < 1:
            raise ValueError("Requests are counted from 1")
        return cls(kind=kind, path=path, after=nth - 1)

    def matches(self, path: str) -> bool:
        if not self.path:
            return path not in ("Login", "Logout")
        return path.startswith(self.path)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        fault = self.fault
        self.seen += 1
        if self.seen <= fault.after or (fault.times is not None and self.struck >= fault.times):
            return False
        if fault.every is not None and (self.seen - fault.after) % fault.every:
            return False
        self.struck += 1
        return True


@dataclass(slots=True)
class Faults:
    """The faults in force. Each counts the requests it matches; the first to strike wins."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def struck(self) -> dict[str, int]:
        """How often each kind has struck so far."""
        with self._lock:
            counts: dict[str, int] = {}
            for armed in self._armed:
                counts[armed.fault.kind] = counts.get(armed.fault.kind, 0) + armed.struck
            return counts

    def of_answer(self, path: str) -> Fault | None:
        return self._first(path, lambda fault: fault.kind in ANSWER_KINDS)

    def of_page(self, path: str, rows: int) -> Fault | None:
        return self._first(path, lambda fault: rows >= PAGE_KINDS.get(fault.kind, rows + 1))

    def _first(self, path: str, concerns: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            striking = [
                armed.fault
                for armed in self._armed
                if concerns(armed.fault) and armed.fault.matches(path) and armed.strikes()
            ]
        return striking[0] if striking else None
