"""How old the mirror is and whether its last run went well: one answer for every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.models import Company, SyncRun
from ordermirror.web import formats

Outcome = SyncRun.Outcome
ENDED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.FAILED)
LATE_AFTER_INTERVALS = 2


class State(StrEnum):
    """From best to worst."""

    FRESH = "fresh"
    LATE = "late"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRuns:
    """What the runs of one company say about it. `as_of` is the newest complete run's start."""

    company_id: int
    company_db: str
    as_of: datetime | None
    last_id: int | None
    last_outcome: str
    last_started_at: datetime | None
    last_problem: str
    running_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The state of the company that is worst off, at `now`."""

    state: State
    runs: LastRuns | None
    now: datetime
    every: timedelta

    @property
    def as_of_clock(self) -> str:
        return formats.clock(self.runs.as_of, self.now) if self.runs and self.runs.as_of else ""

    @property
    def as_of_ago(self) -> str:
        return formats.ago(self.runs.as_of, self.now) if self.runs and self.runs.as_of else ""

    @property
    def title(self) -> str:
        return {
            State.FRESH: _("The data is up to date."),
            State.LATE: _("The data is late."),
            State.INCOMPLETE: _("The last refresh was incomplete."),
            State.FAILED: _("The last refresh failed."),
            State.NEVER: _("Nothing is complete yet."),
        }[self.state]

    @property
    def detail(self) -> str:
        """The age of what is shown, and what that means."""
        if not self.as_of_clock:
            return _("No refresh has finished so far, so orders may be missing.")
        age = _("Data as of %(clock)s (%(ago)s).") % {
            "clock": self.as_of_clock,
            "ago": self.as_of_ago,
        }
        if self.state is State.LATE:
            every = formats.interval(self.every)
            return age + " " + _("A refresh is due every %(every)s.") % {"every": every}
        if self.state is State.INCOMPLETE:
            return age + " " + _("Newer changes may be missing.")
        return age

    @property
    def running(self) -> bool:
        return self.runs is not None and self.runs.running_since is not None


def read_last_runs() -> tuple[LastRuns, ...]:
    """One statement for all companies, and in it one step down an index for each figure."""
    ended = [
        _newest(outcome, name) for outcome in ENDED for name in ("started_at", "id", "problem")
    ]
    running = _newest(Outcome.RUNNING, "started_at")
    rows = Company.objects.order_by("id").values_list("id", "company_db", running, *ended)
    return tuple(_last_runs(row[0], row[1], row[2], row[3:]) for row in rows)


def _last_runs(
    company_id: int, company_db: str, running_since: datetime | None, ended: Sequence[Any]
) -> LastRuns:
    newest = {outcome: ended[3 * i : 3 * i + 3] for i, outcome in enumerate(ENDED)}
    known = [(found[0], outcome) for outcome, found in newest.items() if found[0]]
    last_started_at, last = max(known, default=(None, None))
    return LastRuns(
        company_id=company_id,
        company_db=company_db,
        as_of=newest[Outcome.COMPLETE][0],
        last_id=newest[last][1] if last else None,
        last_outcome=last or "",
        last_started_at=last_started_at,
        last_problem=newest[last][2] if last else "",
        running_since=running_since,
    )


def freshness_of(companies: tuple[LastRuns, ...], *, now: datetime, every: timedelta) -> Freshness:
    states = [(state_of(runs, now=now, every=every), runs) for runs in companies]
    if not states:
        return Freshness(state=State.NEVER, runs=None, now=now, every=every)
    order = list(State)
    state, worst = max(states, key=lambda pair: order.index(pair[0]))
    return Freshness(state=state, runs=worst, now=now, every=every)


def state_of(runs: LastRuns, *, now: datetime, every: timedelta) -> State:
    if runs.last_outcome == Outcome.FAILED:
        return State.FAILED
    if runs.last_outcome == Outcome.INCOMPLETE:
        return State.INCOMPLETE
    if runs.as_of is None:
        return State.NEVER
    return State.LATE if now - runs.as_of > LATE_AFTER_INTERVALS * every else State.FRESH


def current(companies: tuple[LastRuns, ...] | None = None) -> Freshness:
    return freshness_of(
        read_last_runs() if companies is None else companies,
        now=timezone.now(),
        every=settings.ORDERMIRROR.every,
    )


def _newest(outcome: Outcome, field: str) -> Subquery:
    runs = SyncRun.objects.filter(company=OuterRef("pk"), outcome=outcome)
    return Subquery(runs.order_by("-started_at", "-id").values(field)[:1])
