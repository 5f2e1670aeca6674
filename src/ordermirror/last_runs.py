"""How old the data of each company is, and whether that is too old: one answer for every door.

Pages, health, metrics, alerts, `ordermirror status` and the doctor all ask here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from ordermirror import companies, reaches
from ordermirror.conf import Settings
from ordermirror.core.scope import Reach
from ordermirror.models import Company, SyncRun

Outcome = SyncRun.Outcome
ENDED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.FAILED)
FIELDS = ("started_at", "id", "problem")
RUNNING = {
    "running_since": "started_at",
    "running_id": "id",
    "running_done": "done",
    "running_total": "total",
}
"""Of the run that is under way."""
LATE_AFTER_INTERVALS = 2
WENT_WRONG: dict[str, str] = {
    Outcome.INCOMPLETE: ", and the last one was incomplete",
    Outcome.FAILED: ", and the last one failed",
}


class State(StrEnum):
    """From best to worst."""

    FRESH = "fresh"
    QUIET = "quiet"
    PAUSED = "paused"
    LATE = "late"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRuns:
    """What the runs of one company say about it. `as_of` is the newest complete run's start.

    `settings` are the company's, without secrets.
    """

    company_id: int
    company_db: str
    settings: Settings
    paused_at: datetime | None
    as_of: datetime | None
    last_id: int | None
    last_outcome: str
    last_started_at: datetime | None
    last_problem: str
    running_since: datetime | None
    running_id: int | None
    running_done: int | None
    """Orders that the first load under way has loaded so far."""
    running_total: int | None
    conflict: str
    conflict_at: datetime | None
    reach: Reach

    def age(self, now: datetime) -> timedelta | None:
        """None when no run was ever complete."""
        return None if self.as_of is None else now - self.as_of

    @property
    def limit(self) -> timedelta:
        """How old its data may become."""
        return limit(self.settings.every)


class Quiet(NamedTuple):
    """When the quiet hours end that are now, and when the last ones ended; None: there are none."""

    until: datetime | None = None
    ended: datetime | None = None


def quiet_of(settings: Settings, now: datetime) -> Quiet:
    return Quiet(settings.quiet_until(now), settings.quiet_ended(now))


def read(rows: QuerySet[Company] | None = None) -> tuple[LastRuns, ...]:
    """Of these companies, or all that are refreshed; one statement, in it a step down an index for
    each figure."""
    rows = Company.objects.filter(companies.refreshed()) if rows is None else rows
    found = rows.order_by("id").annotate(**columns("pk"))
    return tuple(of(company, company) for company in found)


def read_of(company: Company) -> LastRuns:
    """The same for one company."""
    return of(company, Company.objects.annotate(**columns("pk")).get(pk=company.pk))


def columns(company: str) -> dict[str, Subquery]:
    """What the last runs say, as annotations of rows whose field `company` names their company."""
    ended = {
        f"{outcome}_{field}": _newest(outcome, field, company)
        for outcome in ENDED
        for field in FIELDS
    }
    running = {name: _newest(Outcome.RUNNING, field, company) for name, field in RUNNING.items()}
    return ended | running


def of(company: Company, row: object) -> LastRuns:
    """From a row that was annotated with `columns`."""
    newest: dict[str, list[Any]] = {
        outcome: [getattr(row, f"{outcome}_{field}") for field in FIELDS] for outcome in ENDED
    }
    known = [(found[0], outcome) for outcome, found in newest.items() if found[0]]
    last_started_at, last = max(known, default=(None, None))
    return LastRuns(
        company_id=company.pk,
        company_db=company.company_db,
        settings=companies.shown(company),
        paused_at=company.paused_at,
        as_of=newest[Outcome.COMPLETE][0],
        last_id=newest[last][1] if last else None,
        last_outcome=last or "",
        last_started_at=last_started_at,
        last_problem=newest[last][2] if last else "",
        **{name: getattr(row, name) for name in RUNNING},
        conflict=company.conflict,
        conflict_at=company.conflict_at,
        reach=reaches.of(company),
    )


def state_of(runs: LastRuns, *, now: datetime) -> State:
    """What pages say: a run that went wrong is told at once, though the data is not old yet.

    Old data is quiet, not late, in quiet hours and until a refresh had time after them.
    """
    if runs.paused_at:
        return State.PAUSED
    if runs.last_outcome == Outcome.FAILED:
        return State.FAILED
    if runs.last_outcome == Outcome.INCOMPLETE:
        return State.INCOMPLETE
    if runs.as_of is None:
        return State.NEVER
    if now - runs.as_of <= runs.limit:
        return State.FRESH
    return State.LATE if waited(runs, since=runs.as_of, now=now) > runs.limit else State.QUIET


def stale_because(runs: LastRuns, *, now: datetime) -> str:
    """Why somebody should look, in words without names; empty while the data is fresh enough.

    One run that went wrong is no reason yet: the next one may make up for it in time. Nor are quiet
    hours, until a refresh had time after them, nor a pause, which a person has decided.
    """
    if runs.paused_at:
        return ""
    if runs.conflict:
        return "nothing is written until a person decides; run `ordermirror company`"
    if runs.as_of is None:
        return "no refresh has been complete yet"
    if waited(runs, since=runs.as_of, now=now) <= runs.limit:
        return ""
    age = now - runs.as_of
    return (
        f"the newest complete refresh began {age.total_seconds():.0f} seconds ago, "
        f"{runs.limit.total_seconds():.0f} are allowed"
        f"{WENT_WRONG.get(runs.last_outcome, '')}"
    )


def waited(runs: LastRuns, *, since: datetime, now: datetime) -> timedelta:
    """How long refreshes have had time to renew data as of `since`: none while it is quiet, and
    anew from the end of the last quiet hours."""
    quiet = quiet_of(runs.settings, now)
    if quiet.until:
        return timedelta(0)
    return now - max(since, quiet.ended or since)


def limit(every: timedelta) -> timedelta:
    """How old data may become."""
    return LATE_AFTER_INTERVALS * every


def _newest(outcome: Outcome, field: str, company: str) -> Subquery:
    runs = SyncRun.objects.filter(company=OuterRef(company), outcome=outcome)
    return Subquery(runs.order_by("-started_at", "-id").values(field)[:1])
