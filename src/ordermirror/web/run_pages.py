"""The runs of the mirror: a list, and one run with its probes and the orders it found changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.core.diff import Fate
from ordermirror.models import OrderChange, SyncRun
from ordermirror.phases import Phase
from ordermirror.web import charts, formats
from ordermirror.web.live import Live, live_of_run
from ordermirror.web.paging import Page, page_of
from ordermirror.web.statuses import Badge

RUNS_PER_PAGE = 50
MOST_ORDERS = 200
WORDS = {
    "running": gettext_noop("Running"),
    "complete": gettext_noop("Complete"),
    "incomplete": gettext_noop("Incomplete"),
    "failed": gettext_noop("Failed"),
    "busy": gettext_noop("Another run was busy"),
}
QUIET = ("unchanged", "same")
TOLD_IN_ORDER = ("seen", *Fate, "removed", "quarantined", "missing")
"""Counts of what stayed as it was: no news."""


class RunRow(NamedTuple):
    """A run as ready text."""

    id: int
    company: str
    first_load: bool
    outcome: Badge
    started: str
    took: str
    requests: str
    retries: str
    megabytes: str
    statements: str
    rows_written: str
    orders: str
    lines: str
    silent: str
    problem: str
    live: Live | None


class ProbeRow(NamedTuple):
    """What one question to SAP brought."""

    name: str
    requests: str
    retries: str
    megabytes: str
    seconds: str
    rows: str
    outcome: Badge
    problem: str


class PhaseRow(NamedTuple):
    """Where a part of the time went."""

    name: str
    seconds: str
    percent: str
    bar: SafeString


class FirstError(NamedTuple):
    """What went wrong first, and what was asked then."""

    probe: str
    request: str
    status: str
    message: str


class ChangedOrder(NamedTuple):
    company_db: str
    doc_entry: int
    doc_num: int
    card_name: str
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    row: RunRow
    probes: tuple[ProbeRow, ...]
    phases: tuple[PhaseRow, ...]
    warnings: tuple[str, ...]
    first_error: FirstError | None
    changed: tuple[ChangedOrder, ...]
    cut: bool


def read_runs(number: int, company_ids: list[int]) -> tuple[tuple[RunRow, ...], Page]:
    """Two statements, for the runs of these companies."""
    now = timezone.now()
    runs = SyncRun.objects.filter(company__in=company_ids)
    page = page_of(number, size=RUNS_PER_PAGE, count=runs.count())
    newest = runs.select_related("company").defer("probes").order_by("-id")
    shown = newest[page.offset : page.offset + page.size]
    return tuple(_row(run, now) for run in shown), page


def find_run(run_id: int, company_ids: list[int]) -> SyncRun | None:
    runs = SyncRun.objects.select_related("company")
    return runs.filter(pk=run_id, company__in=company_ids).first()


def page_of_run(run: SyncRun) -> RunPage:
    """One statement, for the orders that changed."""
    changed = (
        OrderChange.objects.filter(run=run, order__hidden=False)
        .values_list(
            "order__company__company_db", "order__doc_entry", "order__doc_num", "order__card_name"
        )
        .annotate(changes=Count("pk"))
        .order_by("order__doc_num", "order__doc_entry")[: MOST_ORDERS + 1]
    )
    orders = tuple(
        ChangedOrder(company, entry, number, name or "", changes)
        for company, entry, number, name, changes in changed
    )
    return RunPage(
        row=_row(run, timezone.now()),
        probes=tuple(_probe(probe) for probe in run.probes),
        phases=_phases(run.phases),
        warnings=tuple(run.warnings),
        first_error=_first_error(run.first_error),
        changed=orders[:MOST_ORDERS],
        cut=len(orders) > MOST_ORDERS,
    )


def _row(run: SyncRun, now: datetime) -> RunRow:
    return RunRow(
        id=run.pk,
        company=run.company.company_db,
        first_load=run.first_load,
        outcome=outcome_badge(run.outcome),
        started=_started(run.started_at, now),
        took=formats.length(run.seconds),
        requests=f"{run.requests:,}",
        retries=f"{run.retries:,}",
        megabytes=formats.megabytes(run.bytes),
        statements=f"{run.statements:,}",
        rows_written=f"{run.rows_written:,}",
        orders=counts_text(run.orders),
        lines=counts_text(run.lines),
        silent=f"{run.silent_changes:,}" if run.silent_changes else "",
        problem=run.problem,
        live=live_of_run(run, now=now),
    )


def outcome_badge(outcome: str) -> Badge:
    return Badge(outcome, _(WORDS[outcome])) if outcome in WORDS else Badge("other", outcome)


def counts_text(counts: Mapping[str, Any]) -> str:
    """Such as `3 created, 10 changed`: what happened, without what did not."""
    told = [
        f"{count:,} {name.replace('_', ' ')}"
        for name, count in sorted(counts.items(), key=_place)
        if isinstance(count, int) and count and name not in QUIET
    ]
    return ", ".join(told) or _("no change")


def _place(count: tuple[str, Any]) -> int:
    """PostgreSQL hands the names out in an order of its own."""
    return TOLD_IN_ORDER.index(count[0]) if count[0] in TOLD_IN_ORDER else len(TOLD_IN_ORDER)


def _probe(probe: Mapping[str, Any]) -> ProbeRow:
    return ProbeRow(
        name=str(probe.get("probe", "")).replace("_", " "),
        requests=_count(probe.get("requests")),
        retries=_count(probe.get("retries")),
        megabytes=_told(probe.get("bytes"), formats.megabytes),
        seconds=_told(probe.get("seconds"), formats.length),
        rows=_count(probe.get("rows")),
        outcome=outcome_badge("complete" if probe.get("complete") else "incomplete"),
        problem=str(probe.get("problem") or ""),
    )


def _phases(seconds: Mapping[str, float]) -> tuple[PhaseRow, ...]:
    """In the order in which phases are told; databases hand names out in orders of their own."""
    whole = sum(seconds.values())
    known = [phase for phase in Phase if phase in seconds] if whole else []
    return tuple(
        PhaseRow(
            name=str(phase),
            seconds=formats.length(seconds[phase]),
            percent=f"{100 * seconds[phase] / whole:.0f} %",
            bar=charts.share(seconds[phase], whole),
        )
        for phase in known
    )


def _first_error(error: Mapping[str, Any]) -> FirstError | None:
    if not error:
        return None
    method, path, status = (error.get(name) for name in ("method", "path", "status"))
    return FirstError(
        probe=str(error.get("probe", "")).replace("_", " "),
        # A gateway has one address, which is told nowhere.
        request=f"{method} {path or _('to the gateway')}" if method else "",
        status=f"HTTP {status}" if status else _("no answer") if method else "",
        message=str(error.get("message", "")),
    )


def _count(value: object) -> str:
    return _told(value, lambda count: f"{count:,}")


def _told(value: object, words: Callable[[Any], str]) -> str:
    """Runs of an earlier release have not counted everything."""
    return words(value) if isinstance(value, int | float) else formats.MISSING


def _started(at: datetime, now: datetime) -> str:
    local = timezone.localtime(at)
    today = local.date() == timezone.localtime(now).date()
    return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M:%S}"
