"""Figures for Prometheus, read from the database when they are asked for.

So every process of an installation tells the same, and none has to be asked in particular. A
scrape costs eight statements whatever the number of companies, none of which reads orders, lines
or history. Labels hold the company, and never a customer, an item or a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ordermirror import __version__, last_runs, lease
from ordermirror.last_runs import LastRuns
from ordermirror.models import (
    Company,
    Lease,
    OrderTotal,
    Pending,
    Quarantine,
    Reconciliation,
    SyncRun,
)
from ordermirror.store import reads

DAY = timedelta(days=1)
Outcome = SyncRun.Outcome
ENDED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.FAILED, Outcome.BUSY)

OF_LAST_RUN = (
    ("seconds", "duration_seconds", "How long the last run took."),
    ("requests", "requests", "Requests that the last run put to SAP."),
    ("retries", "retries", "Requests that the last run put again."),
    ("bytes", "received_bytes", "What SAP answered to the last run, decompressed."),
    ("statements", "statements", "SQL statements of the last run."),
    ("rows_written", "rows_written", "Rows of orders, lines and master data it wrote."),
    ("silent_changes", "silent_changes", "Changes that only its audit found."),
)
"""A run's field, the end of the metric's name, and what it means."""

OF_PROBE = (
    ("requests", "requests", "Requests that the probe put to SAP in the last run."),
    ("retries", "retries", "Requests that the probe put again in the last run."),
    ("rows", "rows", "Rows that the probe got in the last run."),
    ("bytes", "received_bytes", "What SAP answered to the probe in the last run, decompressed."),
    ("seconds", "duration_seconds", "How long the probe took in the last run."),
    ("complete", "complete", "1 when the probe's answer was proven whole in the last run."),
)
"""The same of a probe; a figure that was not kept for it is left out."""


def exposition(*, now: datetime, accept: str) -> tuple[bytes, str]:
    """The figures and their content type, in the format that the Accept header asks for.

    Raises django.db.Error when the database does not answer.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Mirror(now))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Mirror(Collector):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        companies = last_runs.read()
        names = {runs.company_id: runs.company_db for runs in companies}
        yield InfoMetricFamily("ordermirror_build", "The program.", value={"version": __version__})
        yield from _freshness(companies, self._now)
        yield from _last_run(companies)
        yield from _last_day(names, self._now)
        yield _orders(names)
        yield from _waiting(names)
        yield from _reconciliations(names, self._now)
        yield from _leases(names, self._now)


def _freshness(companies: tuple[LastRuns, ...], now: datetime) -> Iterator[Metric]:
    def gauge(name: str, told: str, value: Callable[[LastRuns], float | None]) -> Metric:
        found = ((runs.company_db, value(runs)) for runs in companies)
        return _by_company(name, told, found)

    def age(runs: LastRuns) -> float | None:
        known = runs.age(now)
        return None if known is None else known.total_seconds()

    yield gauge(
        "last_success_timestamp_seconds",
        "When the newest complete run began, in Unix time: the data is as of then.",
        lambda runs: runs.as_of.timestamp() if runs.as_of else None,
    )
    yield gauge("data_age_seconds", "Time since the newest complete run began.", age)
    yield gauge(
        "data_age_limit_seconds",
        "The age from which data is stale.",
        lambda runs: runs.limit.total_seconds(),
    )
    yield gauge(
        "stale",
        "1 when the data is too old or nothing is written, as /health/sync tells.",
        lambda runs: bool(last_runs.stale_because(runs, now=now)),
    )
    yield gauge(
        "writing_stopped",
        "1 when nothing is written until a person decides.",
        lambda runs: bool(runs.conflict),
    )
    yield gauge(
        "run_in_progress_seconds",
        "Time since the run that is under way began; 0 when none is.",
        lambda runs: (now - runs.running_since).total_seconds() if runs.running_since else 0,
    )


def _last_run(companies: tuple[LastRuns, ...]) -> Iterator[Metric]:
    """Of the run that ended last, whatever its outcome."""
    names = {runs.last_id: runs.company_db for runs in companies}
    ended = SyncRun.objects.filter(pk__in=[pk for pk in names if pk])
    rows = [(names[run.pk], run) for run in ended.order_by("company")]
    yield _by_company(
        "last_run_timestamp_seconds",
        "When the run that ended last began, in Unix time.",
        ((name, run.started_at.timestamp()) for name, run in rows),
    )
    outcomes = _family(
        "last_run_outcome", "1 for the outcome of the run that ended last.", "outcome"
    )
    for name, run in rows:
        for outcome in last_runs.ENDED:
            outcomes.add_metric([name, outcome], run.outcome == outcome)
    yield outcomes
    for field, ending, told in OF_LAST_RUN:
        found = ((name, getattr(run, field)) for name, run in rows)
        yield _by_company(f"last_run_{ending}", told, found)
    for ending in ("hits", "misses"):
        yield _by_company(
            f"last_run_cache_{ending}",
            f"Manufacturers of items that the last run looked for in its memory: {ending}.",
            ((name, run.manufacturers.get(ending)) for name, run in rows),
        )
    phases = _family("last_run_phase_seconds", "Where the time of the last run went.", "phase")
    for name, run in rows:
        for phase, seconds in run.phases.items():
            phases.add_metric([name, phase], seconds)
    yield phases
    yield from _probes([(name, run.probes) for name, run in rows])


def _probes(runs: list[tuple[str, list[dict[str, Any]]]]) -> Iterator[Metric]:
    """A probe that was put twice in a run, such as reading by key, is added up."""
    for field, ending, told in OF_PROBE:
        family = _family(f"last_run_probe_{ending}", told, "probe")
        for name, probes in runs:
            sums: dict[str, float] = {}
            for probe in probes:
                if field in probe:
                    key = str(probe["probe"])
                    both = (sums.get(key, probe[field]), probe[field])
                    whole = field == "complete"
                    sums[key] = min(both) if whole else sums.get(key, 0) + probe[field]
            for key, value in sums.items():
                family.add_metric([name, key], value)
        yield family


def _last_day(names: dict[int, str], now: datetime) -> Iterator[Metric]:
    """Runs of the last day, one count along an index for each outcome; how far the audit is."""
    since = now - DAY
    counted = {f"runs_{outcome}": _runs(outcome, since, Count("pk")) for outcome in ENDED}
    found = {
        f"silent_{outcome}": _runs(outcome, since, Sum("silent_changes"))
        for outcome in last_runs.ENDED
    }
    audited = {"oldest_audited": reads.oldest_audited()}
    known = Company.objects.filter(pk__in=names).order_by("pk")
    rows = known.annotate(**counted, **found, **audited)
    runs = _family("runs_last_day", "Runs that began in the last 24 hours.", "outcome")
    silent = _family("silent_changes_last_day", "Changes only audits found in the last 24 hours.")
    for row in rows:
        for outcome in ENDED:
            runs.add_metric([row.company_db, outcome], getattr(row, f"runs_{outcome}") or 0)
        changes = [getattr(row, f"silent_{outcome}") or 0 for outcome in last_runs.ENDED]
        silent.add_metric([row.company_db], sum(changes))
    yield runs
    yield silent
    yield _by_company(
        "audit_oldest_open_seconds",
        "Time since the open order was read whole that was read longest ago.",
        ((row.company_db, _seconds_since(getattr(row, "oldest_audited"), now)) for row in rows),  # noqa: B009 - annotated
    )


def _seconds_since(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max((now - moment).total_seconds(), 0)


def _runs(outcome: Outcome, since: datetime, figure: Count | Sum) -> Subquery:
    runs = SyncRun.objects.filter(company=OuterRef("pk"), outcome=outcome, started_at__gte=since)
    return Subquery(runs.order_by().values("company").annotate(it=figure).values("it"))


def _orders(names: dict[int, str]) -> Metric:
    """From the counts that are kept beside the orders."""
    family = _family("orders", "Mirrored orders by the status they are listed under.", "listed_as")
    rows = OrderTotal.objects.filter(company__in=names).values_list("company", "listed_as")
    counted = rows.annotate(orders=Sum("orders")).order_by("company", "listed_as")
    for company, listed_as, orders in counted:
        family.add_metric([names[company], listed_as], orders)
    return family


def _waiting(names: dict[int, str]) -> Iterator[Metric]:
    """Both tables are short while all is well; each is counted along its index."""
    yield _counted("pending_orders", "Orders that wait to be read again.", Pending.objects, names)
    yield _counted(
        "quarantined_orders", "Orders whose newest version is set aside.", Quarantine.objects, names
    )


def _reconciliations(names: dict[int, str], now: datetime) -> Iterator[Metric]:
    """The newest of each company; nothing where there is none."""
    newest = Reconciliation.objects.filter(company=OuterRef("pk")).order_by("-id")
    rows = Company.objects.filter(pk__in=names).order_by("pk")
    found = rows.annotate(
        reconciled_at=Subquery(newest.values("at")[:1]),
        differing=Subquery(newest.values("differing")[:1]),
    ).values_list("company_db", "reconciled_at", "differing")
    told = list(found)
    yield _by_company(
        "reconciliation_difference_orders",
        "Orders that differed from SAP's when counts and sums were compared last.",
        ((company, differing) for company, _, differing in told),
    )
    yield _by_company(
        "reconciliation_age_seconds",
        "Time since counts and sums were compared with SAP's.",
        ((company, (now - at).total_seconds() if at else None) for company, at, _ in told),
    )


def _counted(name: str, told: str, rows: Any, names: dict[int, str]) -> Metric:
    found: QuerySet[Any] = rows.order_by().values_list("company").annotate(it=Count("pk"))
    counts: dict[int, int] = dict(found)
    return _by_company(name, told, ((it, counts.get(company, 0)) for company, it in names.items()))


def _leases(names: dict[int, str], now: datetime) -> Iterator[Metric]:
    held = _family("lease_held", "1 while a run may write for the company.")
    idle = _family("lease_idle_seconds", "Time since who holds the lease last wrote.")
    taken = CounterMetricFamily(
        "ordermirror_leases_taken", "How often the right to write was taken.", labels=["company"]
    )
    for row in Lease.objects.filter(company__in=names).order_by("company"):
        labels = [names[row.company_id]]
        taken.add_metric(labels, row.fence)
        is_held = bool(row.holder and row.expires_at and row.expires_at > now)
        held.add_metric(labels, is_held)
        if is_held and row.expires_at:
            idle.add_metric(labels, max((now - row.expires_at + lease.TTL).total_seconds(), 0))
    yield from (held, idle, taken)


def _by_company(name: str, told: str, found: Any) -> Metric:
    """What is not known of a company is left out, as Prometheus wants it."""
    family = _family(name, told)
    for company, value in found:
        if value is not None:
            family.add_metric([company], value)
    return family


def _family(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ordermirror_{name}", told, labels=["company", *labels])
