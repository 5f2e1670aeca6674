"""The book of runs: a row for every start, killed ones included."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ordermirror.core.report import RunReport
from ordermirror.models import SyncRun


def start(company_id: int, *, now: datetime) -> int:
    return SyncRun.objects.create(company_id=company_id, started_at=now).pk


def bury_dead(company_id: int, run_id: int, *, now: datetime) -> None:
    """Runs that never finished although the lease is ours were killed."""
    SyncRun.objects.filter(
        company_id=company_id, outcome=SyncRun.Outcome.RUNNING, pk__lt=run_id
    ).update(
        outcome=SyncRun.Outcome.FAILED,
        finished_at=now,
        problem="The run ended without a word: it was killed, or the machine stopped.",
    )


def note_progress(run_id: int, *, done: int, total: int | None) -> None:
    """How far a first load is; in the transaction of the batch that got there."""
    SyncRun.objects.filter(pk=run_id).update(first_load=True, done=done, total=total)


def finish(report: RunReport, *, now: datetime) -> None:
    SyncRun.objects.filter(pk=report.run).update(
        first_load=report.first_load,
        outcome=report.outcome,
        finished_at=now,
        seconds=round(report.seconds, 3),
        phases={phase: round(seconds, 3) for phase, seconds in report.phases.items()},
        requests=report.requests,
        retries=report.retries,
        bytes=report.bytes,
        statements=report.statements,
        rows_written=report.rows_written,
        orders=report.orders(),
        lines=asdict(report.lines),
        probes=[asdict(probe) for probe in report.probes],
        manufacturers=report.manufacturers,
        silent_changes=report.silent_changes,
        problem=report.problem,
        warnings=report.warnings,
        first_error=report.first_error,
        done=report.done,
        total=report.total,
    )
