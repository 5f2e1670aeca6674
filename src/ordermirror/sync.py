"""One run: take the lease, ask the probes, record what they found, drain what is owed, finish.

Nothing is held open across a network call, and every commit leaves the mirror true: a position
only ever covers what is applied, pending or set aside in the same or an earlier commit.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Protocol

from django.db import connection

from ordermirror import backfill, document_sets, masters, probes, reconciliation
from ordermirror import lease as leases
from ordermirror.core import audit, report
from ordermirror.core.diff import Fate
from ordermirror.core.fetched import Batch, KeyCoverage, RangeCoverage
from ordermirror.core.plan import Plan
from ordermirror.core.report import RunReport
from ordermirror.errors import (
    IdentityConflict,
    LeaseLost,
    SAPRefused,
    SyncAlreadyRunning,
    SyncStopped,
)
from ordermirror.logs import bound, described
from ordermirror.models import Company, OrderRead, Probe
from ordermirror.phases import measured
from ordermirror.run import Run
from ordermirror.sap.service_layer import utc_now
from ordermirror.sap.source import SetSource, Source, Traffic
from ordermirror.store import beginnings, pending, reads, runs
from ordermirror.store.pending import Found
from ordermirror.store.positions import FirstLoad, Positions
from ordermirror.store.remembering import Memory, memory_of

logger = logging.getLogger(__name__)

DEFAULT_PLAN = Plan()
MEMORY = memory_of(None)
OBJECTS_BETWEEN_COLLECTIONS = 50_000
BOOKED = 2
"""Statements that begin and end a run in the book of runs."""
MOST_DRAINS = 3
"""A document that looks torn is read again at once; one that goes on changing stays owed."""


class Progress(Protocol):
    """Told how far a first load is, in orders; `total` is SAP's count when it began."""

    def __call__(self, done: int, total: int) -> None: ...


def run_sync(
    company: Company,
    source: Source | SetSource,
    *,
    lookback_days: int,
    full: bool = False,
    plan: Plan = DEFAULT_PLAN,
    clock: Callable[[], datetime] = utc_now,
    progress: Progress = lambda done, total: None,
    stopping: Callable[[], bool] = lambda: False,
    memory: Memory = MEMORY,
) -> RunReport:
    """Refresh the mirror of a company once; `full` reads every order again.

    What SAP does wrong ends in the report: outcome `incomplete` when the run went as far as it
    could, `failed` when it could not begin or must not go on, `busy` when another run is at it.
    Any other exception is recorded as a failed run and raised. The source is closed in any case.
    The run ends, incomplete, after the batch in which `stopping` becomes true.
    """
    started = time.perf_counter()
    result = RunReport(run=runs.start(company.pk, now=clock()))
    about = bound(company=company.company_db, run=result.run)
    with about, measured() as watch, _counted_statements() as statements, _rare_collections():
        try:
            beginning = beginnings.read(company.pk, run_id=result.run)
            with leases.held(company.pk, beginning.lease) as lease:
                if lease.after_another:
                    beginning = beginnings.read(company.pk, run_id=result.run)
                if beginning.left_running:
                    runs.bury_dead(company.pk, result.run, now=clock())
                run = Run(
                    beginning.company, lease, source, result, plan, lookback_days, clock, stopping,
                    Positions(company.pk, beginning.positions), memory=memory,
                )  # fmt: skip
                try:
                    _refresh(run, full=full, progress=progress)
                finally:
                    result.manufacturers = run.manufacturers.counts()
            result.outcome = _outcome(result, source)
        except SyncAlreadyRunning as exc:
            result.outcome, result.problem = report.BUSY, str(exc)
        except SyncStopped as exc:
            result.outcome, result.problem = report.INCOMPLETE, str(exc)
        except (SAPRefused, LeaseLost, IdentityConflict) as exc:
            result.outcome, result.problem = report.FAILED, str(exc)
        except BaseException as exc:
            result.outcome, result.problem = report.FAILED, described(exc)
            raise
        finally:
            source.close()
            _charge(result, source.traffic)
            result.statements = len(statements) + BOOKED
            result.seconds = time.perf_counter() - started
            watch.lap()
            result.phases = {str(phase): took for phase, took in watch.seconds.items()}
            runs.finish(result, now=clock())
            _log(result)
    return result


def request_refresh(company_id: int, doc_entry: int) -> None:
    """Ask for one order to be read again by the next run; nothing else is affected."""
    pending.add(company_id, {doc_entry: Found(Probe.HINT)}, now=utc_now())


def _refresh(run: Run, *, full: bool, progress: Progress) -> None:
    if run.company.conflict:
        raise IdentityConflict(
            f"nothing is written until a person decides: {run.company.conflict}; "
            "see `ordermirror company`"
        )
    try:
        backfill.take_up(run)
        if _ask(run, full=full, progress=progress):
            _drain(run)
            if reconciliation.conclude(run):
                _drain(run)
            backfill.load_what_lacks(run)
            masters.ask_for_unknown(run)
    except IdentityConflict as exc:
        with run.lease.transaction():
            run.note_conflict(str(exc))
        raise


def _ask(run: Run, *, full: bool, progress: Progress) -> bool:
    """False when SAP did not show that it is still the company that is mirrored: no order may be
    taken from it then."""
    if isinstance(run.origin, SetSource):
        return document_sets.ask(run, run.origin, full=full, progress=progress)
    position = run.positions.first_load()
    if not full and position and position.complete:
        return probes.ask_what_changed(run, position)
    if position and not probes.check_identity(run, position):
        return False
    masters.refresh_at_once(run, anew=full)
    if not run.unavailable:
        _first_load(run, position=None if full else position, progress=progress)
    return True


def _outcome(result: RunReport, source: Source | SetSource) -> str:
    """Failed only when SAP let nobody in; a run that asked anything is complete or incomplete."""
    if all(probe.complete for probe in result.probes):
        return report.COMPLETE
    return report.INCOMPLETE if source.traffic.logins else report.FAILED


def _first_load(run: Run, *, position: FirstLoad | None, progress: Progress) -> None:
    """Every order, in DocEntry order; page and position in one commit, so it can be resumed."""
    run.report.first_load = True
    positions = run.positions
    remember_new = positions.completed_at(Probe.CHANGED) is not None
    loaded_before = positions.first_load()
    anew = not remember_new and not (loaded_before and loaded_before.complete)
    probes.start_follow_ups(run)
    with run.asking(Probe.FIRST_LOAD) as asked:
        newest = run.source.newest(not_after=run.latest_believable())
        if position is None:
            with run.lease.transaction():
                positions.start_first_load(newest_stamp=newest.stamp)
                run.note_progress(0, newest.count)
        got_to = position.doc_entry if position else 0
        reads_so_far = OrderRead.objects.filter(company_id=run.company_id, hidden=False)
        done = reads_so_far.filter(doc_entry__lte=got_to).count()
        progress(done, newest.count)
        for batch in run.source.load(after=got_to, highest=newest.doc_entry):
            assert isinstance(batch.coverage, RangeCoverage)  # noqa: S101 - a load's batches are
            got_to = batch.coverage.got_to
            run.apply(
                batch,
                found_by={},
                first_load=True,
                remember_new=remember_new,
                may_replace=anew,
                finish=partial(
                    _got_to, run, got_to, done + asked.rows + len(batch.documents), newest.count
                ),
            )
            asked.rows += len(batch.documents)
            progress(done + asked.rows, newest.count)
        with run.lease.transaction():
            positions.complete_first_load(got_to, now=run.clock())


def _got_to(run: Run, doc_entry: int, done: int, total: int) -> None:
    run.positions.first_load_got_to(doc_entry)
    run.note_progress(done, total)


def _drain(run: Run) -> None:
    """Read whole what is owed, and apply it; what is not reached stays owed."""
    owed, held = run.owed_now()
    for _ in range(MOST_DRAINS):
        if not owed or run.unavailable:
            break
        with run.asking(Probe.BY_KEY) as asked:
            for batch in run.by_key(list(owed)):
                _apply_owed(run, batch, owed, held)
                asked.rows += len(batch.documents)
        if not asked.complete or not run.doubted:
            break
        owed, held = pending.owed(run.company_id, now=run.clock()), None
    run.to_read = None
    if run.unrecorded:
        with run.lease.transaction():
            run.unrecorded(audited=False)
            run.unrecorded = None
    _judge_missing(run)
    _adapt_audit(run)


def _apply_owed(run: Run, batch: Batch, owed: dict[int, str], held: set[int] | None) -> None:
    """Positions that wait for the audit move with the last of its orders."""
    assert isinstance(batch.coverage, KeyCoverage)  # noqa: S101 - read by key
    left = run.to_audit.keys() - batch.coverage.doc_entries
    finish = run.unrecorded if run.to_audit and not left else None
    run.apply(batch, found_by=owed, held=held, finish=finish)
    run.to_audit = dict.fromkeys(left, str(Probe.AUDIT))
    if finish:
        run.unrecorded = None


def _judge_missing(run: Run) -> None:
    """An order that was not shown often and long enough, while others were, is missing."""
    if not run.report.missing or not run.report.seen:
        return
    with run.lease.transaction():
        proven = pending.proven_missing(run.company_id, now=run.clock())
        reads.mark_missing(run.company_id, proven)
        pending.settle(run.company_id, proven)


def _adapt_audit(run: Run) -> None:
    """What only the audit found makes it come round faster; finding nothing, slower again."""
    longest = run.plan.audit_open_within
    period = run.positions.audit_period(longest=longest)
    adapted = audit.adapted(period, silent_changes=run.report.silent_changes, longest=longest)
    if run.report.silent_changes or (run.report.audited and adapted != period):
        with run.lease.transaction():
            run.positions.save_audit_period(adapted)


def _charge(result: RunReport, traffic: Traffic) -> None:
    result.requests, result.retries = traffic.requests, traffic.retries
    result.bytes = traffic.bytes
    for told in traffic.notes:
        result.warn(told)


@contextmanager
def _counted_statements() -> Iterator[list[None]]:
    """A list that grows by one with each SQL statement."""
    statements: list[None] = []

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        statements.append(None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield statements


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles seldom: a batch is a hundred thousand objects and has none.

    A first load of 10,000 orders costs a tenth less, and 6 MB more at its peak.
    """
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _log(result: RunReport) -> None:
    if result.outcome == report.COMPLETE:
        orders = result.orders()
        news = sum(orders[fate] for fate in Fate if fate not in (Fate.UNCHANGED, Fate.REMAPPED))
        logger.info(
            "run %d complete in %.1f s: %d orders seen, %d new or changed, %d rows written",
            result.run, result.seconds, orders["seen"], news, result.rows_written,
        )  # fmt: skip
    else:
        level = logging.INFO if result.outcome == report.BUSY else logging.WARNING
        logger.log(level, "run %d %s: %s", result.run, result.outcome, result.problem)
