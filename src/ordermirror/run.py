"""What the steps of one run share: the lease, the source, the report, the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from ordermirror.core import plan
from ordermirror.core.fetched import Batch
from ordermirror.core.identity import Anchor
from ordermirror.core.named import Named
from ordermirror.core.plan import Plan
from ordermirror.core.reconcile import Counted, Lights
from ordermirror.core.report import ProbeReport, RunReport
from ordermirror.core.scope import Reach
from ordermirror.errors import (
    BadAnswer,
    IdentityConflict,
    SAPRefused,
    SAPUnavailable,
    SyncStopped,
)
from ordermirror.lease import Lease
from ordermirror.models import Company, Probe
from ordermirror.sap.source import MasterData, SetSource, Source, Traffic
from ordermirror.sap.wire import decode_order
from ordermirror.store import pending, reads, runs, search
from ordermirror.store.apply import Applied, Applying, apply_batch
from ordermirror.store.manufacturers import Lookup
from ordermirror.store.positions import Positions
from ordermirror.store.remembering import Memory, OwnMemory
from ordermirror.store.waiting import NOTHING_WAITS, Waiting


@dataclass(slots=True)
class Look:
    """What SAP showed to a run that reconciles: orders it `counted`, then its open orders (None:
    not proven whole). `not_possible`: why it could not count.
    `numbers` are DocNum by DocEntry, where orders can be asked for by those alone."""

    counted: Mapping[Counted, int] = field(default_factory=dict)
    open_orders: Lights | None = None
    numbers: dict[int, int | None] = field(default_factory=dict)
    not_possible: str = ""


TELL_EVERY = timedelta(seconds=1)


@dataclass(slots=True)
class Run:
    """One attempt to refresh `company`. `unavailable`: asking SAP on is of no use now."""

    company: Company
    lease: Lease
    origin: Source | SetSource
    report: RunReport
    plan: Plan
    lookback_days: int
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    positions: Positions
    look: Look | None = None
    """None in a run that does not reconcile."""
    reach: Reach = field(default_factory=Reach)
    """What is mirrored, and how much of it has been loaded."""
    unavailable: bool = False
    told_at: datetime | None = None
    """When the progress of a first load was last written."""
    doubted: dict[int, int] = field(default_factory=dict)
    """The hash of each document that looked torn, to see whether a second read agrees."""
    known_names: set[search.Name] = field(default_factory=set)
    """What has been written for searches, so that each name is written once."""
    waiting: Waiting = NOTHING_WAITS
    """What waited for its time when the probes had been asked."""
    to_read: dict[int, str] | None = None
    """Orders that are owed a read now, each with the probe that found it; None: to be looked up."""
    to_audit: dict[int, str] = field(default_factory=dict)
    """Orders to read again that are owed nothing."""
    unrecorded: Callable[..., None] | None = None
    """Moves the positions, in the transaction of the last order to audit; None once they have."""
    named: Named = field(default_factory=Named)
    """What orders and items name for the first time, so that it is asked for in this run."""
    listed: dict[Probe, set[Any]] = field(default_factory=dict)
    """Codes of the master data that this run has been shown already."""
    memory: Memory = field(default_factory=OwnMemory)
    manufacturers: Lookup = field(init=False)

    def __post_init__(self) -> None:
        self.manufacturers = Lookup(self.company, self.memory)

    @property
    def company_id(self) -> int:
        return self.lease.company_id

    @property
    def source(self) -> Source:
        """Where to ask by key; raises SAPUnavailable once asking is of no use."""
        self.require_available()
        assert not isinstance(self.origin, SetSource)  # noqa: S101 - its runs ask for sets
        return self.origin

    def require_available(self) -> None:
        if self.unavailable:
            raise SAPUnavailable("not asked, since SAP did not answer before")

    def by_key(self, doc_entries: Sequence[int]) -> Iterator[Batch]:
        """These orders, whole. From a source of sets they are asked for by their numbers; those
        of which no number is known are left out, and are covered by none of the batches."""
        self.require_available()
        if isinstance(self.origin, SetSource):
            return self.origin.by_number(reads.numbers(self.company_id, doc_entries))
        return self.origin.by_key(doc_entries)

    def owed_now(self) -> tuple[dict[int, str], set[int] | None]:
        """Orders to read now, each with the probe that found it, the audit's included; and those
        with a row that says so, None when any may have one."""
        if self.to_read is None:
            return pending.owed(self.company_id, now=self.clock()), None
        return self.to_read | self.to_audit, self.waiting.held | self.to_read.keys()

    def due_aside(self) -> set[Probe]:
        """The questions beside those about orders that are to be put in this run."""
        due, cadences = self.due(), self.cadences()
        waited = sorted((it for it in due if cadences[it]), key=self.positions.waits_since)
        return set(due) - set(waited[self.plan.aside_most :])

    def due(self) -> list[Probe]:
        """Those of which the time has come, however many there are."""
        now = self.clock()
        return [
            probe
            for probe, every in self.cadences().items()
            if self.positions.is_due(probe, every=every, now=now)
        ]

    def cadences(self) -> dict[Probe, timedelta]:
        return {
            Probe.DELIVERIES: self.plan.deliveries_every,
            Probe.RETURNS: self.plan.returns_every,
            Probe.INVOICES: self.plan.invoices_every,
            Probe.CREDIT_NOTES: self.plan.credit_notes_every,
            Probe.SALES_PEOPLE: self.plan.sales_people_every,
            Probe.MANUFACTURERS: self.plan.manufacturers_every,
            Probe.ITEMS: self.plan.items_every,
            Probe.CUSTOMERS: self.plan.customers_every,
        }

    @property
    def master_data(self) -> MasterData | None:
        """None where the source has none: a gateway hands out orders alone."""
        return None if isinstance(self.origin, SetSource) else self.origin.master_data

    def anchors(self, stored: Sequence[Anchor]) -> dict[int, Anchor]:
        """What SAP shows of these orders' unchanging fields."""
        self.require_available()
        if isinstance(self.origin, SetSource):
            return self.origin.anchors({anchor.doc_entry: anchor.doc_num for anchor in stored})
        return self.origin.anchors([anchor.doc_entry for anchor in stored])

    @contextmanager
    def asking(self, probe: Probe, *, optional: bool = False) -> Iterator[ProbeReport]:
        """Put a question; a doubtful or missing answer fails this probe, and no position moves.

        A refusal ends the run, unless the probe is optional: then it fails this probe only.
        """
        asked = ProbeReport(probe)
        self.report.probes.append(asked)
        before = replace(self.origin.traffic)
        try:
            yield asked
            asked.complete = True
        except (SAPUnavailable, BadAnswer, SAPRefused) as exc:
            self.report.failed(probe, exc)
            if isinstance(exc, SAPRefused) and not optional:
                raise
            asked.problem = str(exc)
            self.report.problem = self.report.problem or f"{probe.label}: {exc}"
            if optional:
                self.report.warn(f"{probe.label}: {exc}")
            self.unavailable |= isinstance(exc, SAPUnavailable) and not optional
        finally:
            _charge(asked, before, self.origin.traffic)

    def note(self, asked: ProbeReport, problem: str) -> None:
        """Tell of a part that could not be taken: the first one by its probe."""
        if asked.problem:
            self.report.warn(f"{Probe(asked.probe).label}: {problem}")
        else:
            asked.problem = problem

    def note_progress(self, done: int, total: int | None) -> None:
        """Within the transaction that got there, about once a second: pages look at it."""
        self.report.done, self.report.total = done, total
        now = self.clock()
        if self.told_at is None or not timedelta(0) <= now - self.told_at < TELL_EVERY:
            runs.note_progress(self.report.run, done=done, total=total)
            self.told_at = now

    def go_on(self) -> None:
        """Raises SyncStopped when the program is ending."""
        if self.stopping():
            raise SyncStopped("the run was stopped; the next one goes on from here")

    def apply(
        self,
        batch: Batch,
        *,
        found_by: Mapping[int, str],
        first_load: bool = False,
        remember_new: bool = True,
        may_replace: bool = False,
        of_set: bool = False,
        held: Collection[int] | None = None,
        finish: Callable[[], None] | None = None,
    ) -> Applied:
        """Apply a batch in one transaction, and count what it did."""
        self.go_on()
        applying = Applying(
            lease=self.lease,
            run_id=self.report.run,
            decode=decode_order,
            now=self.clock,
            scope=self.origin.scope,
            found_by=found_by,
            first_load=first_load,
            remember_new=remember_new,
            may_replace=may_replace,
            of_set=of_set,
            held=held,
            doubted=self.doubted,
            known_names=self.known_names,
            manufacturers=self.manufacturers,
            more_to_come=first_load or len(found_by) > len(batch.documents),
            on_missing=self._brake,
        )
        applied = apply_batch(applying, batch, finish=finish)
        seen = {document.doc_entry for document in batch.documents}
        self.report.seen.update(seen - applied.left_out)
        self.report.add(applied)
        self.named.also(applied.named)
        if self.company.conflict:
            raise IdentityConflict(self.company.conflict)
        return applied

    def _brake(self, newly_missing: int) -> None:
        """Many orders gone at once: something else is wrong.

        Noted in the transaction that marks them, so that no crash in between lets them pass. A
        load after a decision may find many gone; it is the only one.
        """
        gone = self.report.newly_missing + newly_missing
        anew = self.report.first_load and not self.positions.has_refreshed()
        if not newly_missing or anew:
            return
        if plan.too_many_missing(gone, orders=reads.count(self.company_id, is_open=True)):
            self.note_conflict(
                f"the brake was pulled: SAP no longer shows {gone} orders that it showed before; "
                "the SAP user may have lost permissions, or the company was exchanged; if they "
                "were archived on purpose, decide for a new epoch"
            )

    def note_conflict(self, problem: str) -> None:
        """Readers keep the last good state, with a banner, until a person has decided."""
        self.company.conflict, self.company.conflict_at = problem, self.clock()
        self.company.save(update_fields=["conflict", "conflict_at"])

    def latest_believable(self) -> date:
        return plan.latest_believable(self.clock().date())


def _charge(asked: ProbeReport, before: Traffic, after: Traffic) -> None:
    """What the traffic between cost, to the millisecond."""
    asked.requests = after.requests - before.requests
    asked.retries = after.retries - before.retries
    asked.bytes = after.bytes - before.bytes
    asked.seconds = round(after.seconds_waited - before.seconds_waited, 3)
