"""One run: take the lease, ask the probes, record what they found, drain what is owed, finish.

Nothing is held open across a network call, and every commit leaves the mirror true: a position
only ever covers what is applied, pending or set aside in the same or an earlier commit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

from django.db import connection

from ordermirror import lease as leases
from ordermirror.core import plan, report
from ordermirror.core.diff import Fate
from ordermirror.core.fetched import Batch, LightRow, RangeCoverage
from ordermirror.core.report import ProbeReport, RunReport
from ordermirror.errors import (
    BadAnswer,
    LeaseLost,
    SAPRefused,
    SAPUnavailable,
    SyncAlreadyRunning,
    SyncStopped,
)
from ordermirror.models import Company, OrderRead, Probe
from ordermirror.sap.source import Source
from ordermirror.sap.wire import decode_order
from ordermirror.store import lights, master_data, pending, positions, quarantine, runs
from ordermirror.store.apply import Applied, Applying, apply_batch
from ordermirror.store.pending import Found

logger = logging.getLogger(__name__)

SALES_PEOPLE_EVERY = timedelta(days=1)


class Progress(Protocol):
    """Told how far a first load is, in orders; `total` is SAP's count when it began."""

    def __call__(self, done: int, total: int) -> None: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


def run_sync(
    company: Company,
    source: Source,
    *,
    lookback_days: int,
    full: bool = False,
    clock: Callable[[], datetime] = utc_now,
    progress: Progress = lambda done, total: None,
    stopping: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Refresh the mirror of a company once; `full` reads every order again.

    What SAP does wrong ends in the report: outcome `incomplete` when the run went as far as it
    could, `failed` when it could not begin or must not go on, `busy` when another run is at it.
    Any other exception is recorded as a failed run and raised. The source is closed in any case.
    The run ends, incomplete, after the batch in which `stopping` becomes true.
    """
    started = time.perf_counter()
    result = RunReport(run=runs.start(company.pk, now=clock()))
    with _counted_statements() as statements:
        try:
            with leases.held(company.pk) as lease:
                runs.bury_dead(company.pk, result.run, now=clock())
                run = _Run(lease, source, result, lookback_days, clock, progress, stopping)
                _refresh(run, full=full)
            result.outcome = _outcome(result, source)
        except SyncAlreadyRunning as exc:
            result.outcome, result.problem = report.BUSY, str(exc)
        except SyncStopped as exc:
            result.outcome, result.problem = report.INCOMPLETE, str(exc)
        except (SAPRefused, LeaseLost) as exc:
            result.outcome, result.problem = report.FAILED, str(exc)
        except BaseException as exc:
            result.outcome, result.problem = report.FAILED, f"{type(exc).__name__}: {exc}"
            raise
        finally:
            source.close()
            result.requests, result.bytes = source.traffic.requests, source.traffic.bytes
            result.statements = len(statements) + 1
            result.seconds = time.perf_counter() - started
            runs.finish(result, now=clock())
            _log(result)
    return result


@dataclass(slots=True)
class _Run:
    """What the steps of one run share. `unavailable`: asking SAP on is of no use now."""

    lease: leases.Lease
    source: Source
    report: RunReport
    lookback_days: int
    clock: Callable[[], datetime]
    progress: Progress
    stopping: Callable[[], bool]
    unavailable: bool = False

    @property
    def company_id(self) -> int:
        return self.lease.company_id

    @contextmanager
    def asking(self, probe: Probe) -> Iterator[ProbeReport]:
        """Put a question; a doubtful or missing answer fails this probe, and no position moves."""
        asked = ProbeReport(probe)
        self.report.probes.append(asked)
        before = self.source.traffic.requests
        try:
            yield asked
            asked.complete = True
        except (SAPUnavailable, BadAnswer) as exc:
            asked.problem = str(exc)
            self.report.problem = self.report.problem or f"{probe.label}: {exc}"
            self.unavailable |= isinstance(exc, SAPUnavailable)
        finally:
            asked.requests = self.source.traffic.requests - before

    def go_on(self) -> None:
        """Raises SyncStopped when the program is ending."""
        if self.stopping():
            raise SyncStopped("the run was stopped; the next one goes on from here")

    def apply(
        self, batch: Batch, *, remember_new: bool, finish: Callable[[], None] | None = None
    ) -> None:
        applying = Applying(
            lease=self.lease,
            run_id=self.report.run,
            decode=decode_order,
            now=self.clock,
            remember_new=remember_new,
        )
        self.go_on()
        self.report.seen.update(document.doc_entry for document in batch.documents)
        _count(self.report, apply_batch(applying, batch, finish=finish))


def _outcome(result: RunReport, source: Source) -> str:
    """Failed only when SAP let nobody in; a run that asked anything is complete or incomplete."""
    if all(probe.complete for probe in result.probes):
        return report.COMPLETE
    return report.INCOMPLETE if source.traffic.logins else report.FAILED


def _refresh(run: _Run, *, full: bool) -> None:
    _refresh_sales_people(run)
    if run.unavailable:
        return
    position = positions.first_load(run.company_id)
    if full or position is None or not position.complete:
        _first_load(run, position=None if full else position)
    else:
        _ask_what_changed(run)
    _drain(run)


def _refresh_sales_people(run: _Run) -> None:
    asked_at = positions.completed_at(run.company_id, Probe.SALES_PEOPLE)
    if asked_at and asked_at > run.clock() - SALES_PEOPLE_EVERY:
        return
    with run.asking(Probe.SALES_PEOPLE) as asked:
        people = run.source.sales_people()
        asked.rows = len(people)
        with run.lease.transaction():
            run.report.rows_written += master_data.apply_sales_people(run.company_id, people)
            positions.complete(run.company_id, Probe.SALES_PEOPLE, now=run.clock())


def _first_load(run: _Run, *, position: positions.FirstLoad | None) -> None:
    """Every order, in DocEntry order; page and position in one commit, so it can be resumed."""
    company_id = run.company_id
    run.report.first_load = True
    remember_new = positions.completed_at(company_id, Probe.CHANGED) is not None
    with run.asking(Probe.FIRST_LOAD) as asked:
        newest = run.source.newest(not_after=_latest_believable(run))
        if position is None:
            with run.lease.transaction():
                positions.start_first_load(company_id, newest_stamp=newest.stamp)
        got_to = position.doc_entry if position else 0
        done = OrderRead.objects.filter(company_id=company_id, doc_entry__lte=got_to).count()
        run.progress(done, newest.count)
        for batch in run.source.load(after=got_to, highest=newest.doc_entry):
            assert isinstance(batch.coverage, RangeCoverage)  # noqa: S101 - a load's batches are
            got_to = batch.coverage.upto
            finish = partial(positions.first_load_got_to, company_id, got_to)
            run.apply(batch, remember_new=remember_new, finish=finish)
            asked.rows += len(batch.documents)
            run.progress(done + asked.rows, newest.count)
        with run.lease.transaction():
            positions.complete_first_load(company_id, got_to, now=run.clock())


@dataclass(slots=True)
class _Seen:
    """The light rows of one probe: each order's light hash, and the newest believable stamp."""

    hashes: dict[int, int] = field(default_factory=dict)
    newest_stamp: date | None = None

    def take(self, page: Iterable[LightRow], *, not_after: date) -> None:
        for doc_entry, light_hash, light in page:
            self.hashes[doc_entry] = light_hash
            stamp = light.update_date if light else None
            if (
                stamp
                and stamp <= not_after
                and (not self.newest_stamp or stamp > self.newest_stamp)
            ):
                self.newest_stamp = stamp


def _ask_what_changed(run: _Run) -> None:
    """The changed and open probes, and one commit of what they found."""
    position = positions.changed(run.company_id)
    since = plan.ask_from(position, lookback_days=run.lookback_days)
    changed, changed_report = _ask(
        run, Probe.CHANGED, lambda: run.source.changed(since=since, above=position.doc_entry)
    )
    still_open, open_report = _ask(run, Probe.OPEN, run.source.open)
    company_id, now = run.company_id, run.clock()
    with run.lease.transaction():
        found = _found(run, changed, still_open, absent_is_proof=open_report.complete)
        pending.add(company_id, found, now=now)
        if changed_report.complete:
            highest = max(changed.hashes, default=0)
            moved = plan.moved(
                position,
                newest_stamp=changed.newest_stamp,
                highest_entry=highest,
                today=now.date(),
            )
            positions.save_changed(company_id, moved, now=now)
        if open_report.complete:
            positions.complete(company_id, Probe.OPEN, now=now)


def _ask(
    run: _Run, probe: Probe, question: Callable[[], Iterator[list[LightRow]]]
) -> tuple[_Seen, ProbeReport]:
    seen = _Seen()
    with run.asking(probe) as asked:
        if run.unavailable:
            raise SAPUnavailable("not asked, since SAP did not answer before")
        for page in question():
            run.go_on()
            seen.take(page, not_after=_latest_believable(run))
            asked.rows += len(page)
    run.report.seen.update(seen.hashes)
    return seen, asked


def _found(
    run: _Run, changed: _Seen, still_open: _Seen, *, absent_is_proof: bool
) -> dict[int, Found]:
    """Orders whose light row is not the one remembered, each with the probe that showed it.

    An open order that a complete answer left out is only found, never closed: reading it by key
    shows what became of it.
    """
    company_id, now = run.company_id, run.clock()
    seen = changed.hashes | still_open.hashes
    open_here = lights.open_hashes(company_id)
    known = open_here | lights.hashes(company_id, seen.keys() - open_here.keys())
    different = {entry: light for entry, light in seen.items() if known.get(entry) != light}
    found = dict.fromkeys(quarantine.due(company_id, now=now), Found(Probe.QUARANTINE))
    if absent_is_proof:
        absent = open_here.keys() - still_open.hashes.keys()
        found |= dict.fromkeys(absent, Found(Probe.OPEN))
    for entry in lights.not_set_aside(company_id, different, now=now):
        probe = Probe.CHANGED if entry in changed.hashes else Probe.OPEN
        found[entry] = Found(probe, different[entry])
    return found


def _drain(run: _Run) -> None:
    """Read whole what is owed, and apply it; what is not reached stays owed."""
    owed = pending.owed(run.company_id)
    if not owed or run.unavailable:
        return
    with run.asking(Probe.BY_KEY) as asked:
        for batch in run.source.by_key(owed):
            run.apply(batch, remember_new=True)
            asked.rows += len(batch.documents)


def _latest_believable(run: _Run) -> date:
    return run.clock().date() + timedelta(days=plan.FUTURE_DAYS)


def _count(result: RunReport, applied: Applied) -> None:
    for fate, times in applied.fates.items():
        result.fates[fate] = result.fates.get(fate, 0) + times
    result.quarantined += applied.quarantined
    result.missing += applied.missing
    result.lines.created += applied.lines_created
    result.lines.changed += applied.lines_changed
    result.lines.removed += applied.lines_removed
    result.rows_written += applied.rows_written


@contextmanager
def _counted_statements() -> Iterator[list[None]]:
    """A list that grows by one with each SQL statement."""
    statements: list[None] = []

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        statements.append(None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield statements


def _log(result: RunReport) -> None:
    if result.outcome == report.COMPLETE:
        orders = result.orders()
        news = sum(orders[fate] for fate in Fate if fate is not Fate.UNCHANGED)
        logger.info(
            "run %d complete in %.1f s: %d orders seen, %d new or changed, %d rows written",
            result.run, result.seconds, orders["seen"], news, result.rows_written,
        )  # fmt: skip
    else:
        logger.warning("run %d %s: %s", result.run, result.outcome, result.problem)
