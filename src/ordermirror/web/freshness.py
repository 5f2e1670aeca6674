"""How old the mirror is and whether its last run went well: one answer for every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.models import Company, SyncRun
from ordermirror.web import formats

Outcome = SyncRun.Outcome
ENDED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.FAILED)
FIELDS = ("started_at", "id", "problem")
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
    conflict: str
    conflict_at: datetime | None


class Conflict(NamedTuple):
    """Why nothing is written for a company until a person decides."""

    company_db: str
    text: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The state of the company that is worst off, at `now`."""

    state: State
    runs: LastRuns | None
    now: datetime
    every: timedelta
    conflicts: tuple[Conflict, ...] = ()

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
    companies = Company.objects.order_by("id").annotate(**run_columns("pk"))
    return tuple(last_runs_of(company, company) for company in companies)


def run_columns(company: str) -> dict[str, Subquery]:
    """What the last runs say, as annotations of rows whose field `company` names their company."""
    ended = {
        f"{outcome}_{field}": _newest(outcome, field, company)
        for outcome in ENDED
        for field in FIELDS
    }
    return ended | {"running_since": _newest(Outcome.RUNNING, "started_at", company)}


def last_runs_of(company: Company, row: object) -> LastRuns:
    """From a row that was annotated with `run_columns`."""
    newest: dict[str, list[Any]] = {
        outcome: [getattr(row, f"{outcome}_{field}") for field in FIELDS] for outcome in ENDED
    }
    known = [(found[0], outcome) for outcome, found in newest.items() if found[0]]
    last_started_at, last = max(known, default=(None, None))
    return LastRuns(
        company_id=company.pk,
        company_db=company.company_db,
        as_of=newest[Outcome.COMPLETE][0],
        last_id=newest[last][1] if last else None,
        last_outcome=last or "",
        last_started_at=last_started_at,
        last_problem=newest[last][2] if last else "",
        running_since=getattr(row, "running_since"),  # noqa: B009 - an annotation
        conflict=company.conflict,
        conflict_at=company.conflict_at,
    )


def freshness_of(companies: tuple[LastRuns, ...], *, now: datetime, every: timedelta) -> Freshness:
    states = [(state_of(runs, now=now, every=every), runs) for runs in companies]
    if not states:
        return Freshness(state=State.NEVER, runs=None, now=now, every=every)
    order = list(State)
    state, worst = max(states, key=lambda pair: order.index(pair[0]))
    conflicts = tuple(_conflict(runs, now) for runs in companies if runs.conflict)
    return Freshness(state=state, runs=worst, now=now, every=every, conflicts=conflicts)


def _conflict(runs: LastRuns, now: datetime) -> Conflict:
    since = formats.clock(runs.conflict_at, now) if runs.conflict_at else formats.MISSING
    return Conflict(runs.company_db, runs.conflict.rstrip(". "), since)


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


def _newest(outcome: Outcome, field: str, company: str) -> Subquery:
    runs = SyncRun.objects.filter(company=OuterRef(company), outcome=outcome)
    return Subquery(runs.order_by("-started_at", "-id").values(field)[:1])
