"""What of a company's state a person must hear about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Subject(StrEnum):
    """What is wrong, whatever the reason: there is one alert of each at a time."""

    REFRESH = "refresh"
    QUARANTINE = "quarantine"
    GROWTH = "growth"


class Kind(StrEnum):
    """Why somebody is told."""

    STALE = "stale"
    FAILED = "failed"
    STOPPED = "stopped"
    QUARANTINE = "quarantine"
    GROWTH = "growth"

    @property
    def label(self) -> str:
        return {
            Kind.STALE: "the data is old",
            Kind.FAILED: "refreshes fail",
            Kind.STOPPED: "nothing is written until a person decides",
            Kind.QUARANTINE: "orders are set aside",
            Kind.GROWTH: "many orders are set aside within an hour",
        }[self]


LATELY = timedelta(hours=1)


class Trouble(NamedTuple):
    """`detail` says what, and what to do."""

    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something is an alert."""

    stale_after: timedelta
    failed_times: int
    quarantined: int
    quarantine_growth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A company as it is now.

    `fresh_as_of` is the start of the newest complete run, or when the company was added; refreshes
    have `waited` since then, or since the last quiet hours if those ended later, and not at all in
    quiet hours. `limit` is how old its data may become by its own cadence. `stands`: there is an
    alert about its refreshes. `failed_since` counts the runs that have ended in another way than
    complete since. `quarantined_lately` are those of `quarantined` that are new since `LATELY`.
    """

    fresh_as_of: datetime
    waited: timedelta
    limit: timedelta
    stands: bool
    failed_since: int
    last_problem: str
    conflict: str
    quarantined: int
    quarantined_lately: int


def troubles(watched: Watched, limits: Limits, *, now: datetime) -> dict[Subject, Trouble]:
    """What is wrong now. A stop explains failed runs, and those explain old data: the same alert
    is about whichever of them says most."""
    found: dict[Subject, Trouble] = {}
    refresh = _refresh(watched, limits, now)
    if refresh:
        found[Subject.REFRESH] = refresh
    if watched.quarantined >= limits.quarantined:
        found[Subject.QUARANTINE] = Trouble(Kind.QUARANTINE, _set_aside(watched.quarantined))
    if watched.quarantined_lately >= limits.quarantine_growth:
        told = _set_aside(watched.quarantined_lately, "more ")
        found[Subject.GROWTH] = Trouble(Kind.GROWTH, told)
    return found


def _set_aside(number: int, more: str = "") -> str:
    orders = f"{number} {more}orders"
    return f"{orders} can't be stored as SAP sends them; see `ordermirror quarantine`"


def _refresh(watched: Watched, limits: Limits, now: datetime) -> Trouble | None:
    if watched.conflict:
        return Trouble(Kind.STOPPED, f"{watched.conflict}; see `ordermirror company`")
    if watched.failed_since >= limits.failed_times:
        told = f"the last {watched.failed_since} refreshes did not complete"
        return Trouble(Kind.FAILED, f"{told}: {watched.last_problem}")
    if _is_old(watched, max(limits.stale_after, watched.limit), now):
        return Trouble(Kind.STALE, "no refresh has completed for longer than is allowed")
    return None


def _is_old(watched: Watched, allowed: timedelta, now: datetime) -> bool:
    """Quiet hours excuse data that was fresh before them. What was wrong before them is not over
    until a refresh has completed."""
    if now - watched.fresh_as_of <= allowed:
        return False
    return watched.stands or watched.waited > allowed


def is_worth_telling(kind: str, *, told: str) -> bool:
    """Whether to tell of a trouble of which `told` is known (empty: nothing). A stop is told even
    so: it waits for a person's decision."""
    return kind != told and (not told or kind == Kind.STOPPED)
