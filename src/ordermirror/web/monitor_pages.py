"""How the refreshes of each company stand, and all that one of them waits for or has set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from ordermirror import companies, last_runs, steering
from ordermirror.conf import GATEWAY
from ordermirror.core import audit
from ordermirror.last_runs import LastRuns
from ordermirror.models import (
    Company,
    Pending,
    Position,
    Probe,
    Quarantine,
    SalesOrder,
)
from ordermirror.store import reads
from ordermirror.web import formats
from ordermirror.web.live import Live, live_of
from ordermirror.web.statuses import Badge, state_badge
from ordermirror.web.timeline import Timeline, read_timelines
from ordermirror.web.trends import Trends, read_trends

MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one company's refreshes stand, as ready text."""

    company_db: str
    state: Badge
    as_of: str
    ago: str
    next: str
    last_id: int | None
    problem: str
    timeline: Timeline
    pending: str
    quarantined: str
    live: Live | None


class Audit(NamedTuple):
    """How far reading again what shows no change is; `warning` when it can't keep its promise."""

    text: str
    warning: str


class Waiting(NamedTuple):
    doc_entry: int
    doc_num: int | None
    is_stored: bool
    why: str
    since: str
    ago: str
    next: str


class SetAside(NamedTuple):
    doc_entry: int
    doc_num: int | None
    is_stored: bool
    stage: str
    reason: str
    since: str
    attempts: int
    next: str


class Done(NamedTuple):
    user: str
    what: str
    detail: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyPage:
    standing: Standing
    paused: bool
    trends: Trends
    audit: Audit
    waiting: tuple[Waiting, ...]
    set_aside: tuple[SetAside, ...]
    actions: tuple[Done, ...]


def visible(user: Any) -> QuerySet[Company]:
    """The companies that the user may see, annotated with all that their standing needs."""
    rows = companies.visible_to(user).order_by("company_db")
    return rows.annotate(
        **last_runs.columns("pk"),
        **companies.activity(),
        pending_orders=_counted(Pending.objects.filter(company=OuterRef("pk"))),
        orders_set_aside=_counted(Quarantine.objects.filter(company=OuterRef("pk"))),
    )


def with_audit(rows: QuerySet[Company]) -> QuerySet[Company]:
    audited = Position.objects.filter(company=OuterRef("pk"), probe=Probe.AUDIT)
    return rows.annotate(
        oldest_audited=reads.oldest_audited(),
        open_orders=reads.open_orders(),
        audit_period=Subquery(audited.values("period_seconds")[:1]),
    )


def standings(rows: Sequence[Company], *, now: datetime) -> tuple[Standing, ...]:
    """One statement, for their runs of the last day."""
    timelines = read_timelines([row.pk for row in rows], now=now)
    return tuple(_standing(row, timelines[row.pk], now) for row in rows)


def page_of_company(row: Any, *, today: date, now: datetime) -> CompanyPage:
    """Five statements."""
    return CompanyPage(
        standing=standings([row], now=now)[0],
        paused=row.paused_at is not None,
        trends=read_trends(row.pk, today=today),
        audit=_audit(row, last_runs.of(row, row), now),
        waiting=tuple(_waiting(it, now) for it in _first(Pending, row)),
        set_aside=tuple(_set_aside(it, now) for it in _first(Quarantine, row)),
        actions=tuple(
            Done(it.user, it.get_kind_display(), it.detail, formats.clock(it.at, now))
            for it in steering.last_actions(row.pk)
        ),
    )


def _standing(row: Any, timeline: Timeline, now: datetime) -> Standing:
    runs = last_runs.of(row, row)
    return Standing(
        company_db=row.company_db,
        state=state_badge(last_runs.state_of(runs, now=now)),
        as_of=formats.clock(runs.as_of, now) if runs.as_of else _("never"),
        ago=formats.ago(runs.as_of, now) if runs.as_of else "",
        next=_next(row, runs, now),
        last_id=runs.last_id,
        problem=runs.last_problem if runs.last_outcome != last_runs.Outcome.COMPLETE else "",
        timeline=timeline,
        pending=f"{row.pending_orders:,}",
        quarantined=f"{row.orders_set_aside:,}",
        live=live_of(runs, now=now),
    )


def _next(row: Any, runs: LastRuns, now: datetime) -> str:
    """By the newest run's start, since the scheduler counts from a moment of its own."""
    if runs.paused_at:
        return formats.MISSING
    if companies.is_asked_for(row, now):
        return _("now, as asked")
    if runs.running_since:
        return _("running now")
    due = companies.due_at(row, now, since=row.begun_at)
    return _("due now") if due <= now else formats.clock(due, now)


def _audit(row: Any, runs: LastRuns, now: datetime) -> Audit:
    known = runs.settings
    if known.source == GATEWAY:
        return Audit(_("Every refresh reads all open orders whole."), "")
    within = formats.interval(known.audit_open_within)
    if row.oldest_audited is None:
        return Audit(_("No open order waits to be read again."), "")
    age = now - row.oldest_audited
    text = _(
        "Every one of %(orders)s open orders is read again within %(within)s; "
        "the one read longest ago was read %(ago)s."
    ) % {
        "orders": f"{row.open_orders:,}",
        "within": within,
        "ago": formats.ago(row.oldest_audited, now),
    }
    return Audit(text, _audit_warning(row, runs, age))


def _audit_warning(row: Any, runs: LastRuns, age: timedelta) -> str:
    """Whether the share of a run can hold the promise, and whether it was held."""
    known = runs.settings
    adapted = row.audit_period or known.audit_open_within.total_seconds()
    period = min(timedelta(seconds=adapted), known.audit_open_within)
    every, most = known.every, known.audit_most
    if not audit.holds(row.open_orders, every=every, period=period, most=most):
        return _(
            "%(most)s orders a refresh (ORDERMIRROR_AUDIT_MOST) every %(every)s are too few for "
            "that; allow more of them, or more time (ORDERMIRROR_AUDIT_OPEN_WITHIN)."
        ) % {"most": f"{most:,}", "every": formats.interval(every)}
    if age > known.audit_open_within + 2 * every:
        return _("That is longer ago than it should be; look whether refreshes are complete.")
    return ""


def _first(model: type[Pending] | type[Quarantine], company: Company) -> list[Any]:
    """The ones that have waited longest, each with its order's number where that is known."""
    order = SalesOrder.objects.filter(company=OuterRef("company"), doc_entry=OuterRef("doc_entry"))
    rows = model._default_manager.filter(company=company).order_by("pk")
    return list(rows.annotate(number=Subquery(order.values("doc_num")[:1]))[:MOST_ROWS])


def _waiting(row: Any, now: datetime) -> Waiting:
    return Waiting(
        doc_entry=row.doc_entry,
        doc_num=row.number or row.doc_num,
        is_stored=row.number is not None,
        why=str(row.get_probe_display()),
        since=formats.clock(row.found_at, now),
        ago=formats.ago(row.found_at, now),
        next=_not_before(row.retry_at, now),
    )


def _set_aside(row: Any, now: datetime) -> SetAside:
    return SetAside(
        doc_entry=row.doc_entry,
        doc_num=row.number or row.doc_num,
        is_stored=row.number is not None,
        stage=row.stage,
        reason=row.reason,
        since=formats.clock(row.first_seen_at, now),
        attempts=row.attempts,
        next=_not_before(row.retry_at, now),
    )


def _not_before(moment: datetime | None, now: datetime) -> str:
    if moment is None or moment <= now:
        return _("with the next refresh")
    return formats.clock(moment, now)


def _counted(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("company").annotate(it=Count(F("pk"))).values("it")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
