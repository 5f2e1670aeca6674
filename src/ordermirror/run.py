"""What the steps of one run share: the lease, the source, the report, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from ordermirror.core import plan
from ordermirror.core.fetched import Batch
from ordermirror.core.plan import Plan
from ordermirror.core.report import ProbeReport, RunReport
from ordermirror.errors import (
    BadAnswer,
    IdentityConflict,
    SAPRefused,
    SAPUnavailable,
    SyncStopped,
)
from ordermirror.lease import Lease
from ordermirror.models import Company, Probe
from ordermirror.sap.source import Source
from ordermirror.sap.wire import decode_order
from ordermirror.store import reads, search
from ordermirror.store.apply import Applied, Applying, apply_batch
from ordermirror.store.positions import Positions


@dataclass(slots=True)
class Run:
    """One attempt to refresh `company`. `unavailable`: asking SAP on is of no use now."""

    company: Company
    lease: Lease
    origin: Source
    report: RunReport
    plan: Plan
    lookback_days: int
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    positions: Positions
    unavailable: bool = False
    doubted: dict[int, int] = field(default_factory=dict)
    """The hash of each document that looked torn, to see whether a second read agrees."""
    known_names: set[search.Name] = field(default_factory=set)
    """What has been written for searches, so that each name is written once."""

    @property
    def company_id(self) -> int:
        return self.lease.company_id

    @property
    def source(self) -> Source:
        """Where to ask; raises SAPUnavailable once asking is of no use."""
        if self.unavailable:
            raise SAPUnavailable("not asked, since SAP did not answer before")
        return self.origin

    @contextmanager
    def asking(self, probe: Probe, *, optional: bool = False) -> Iterator[ProbeReport]:
        """Put a question; a doubtful or missing answer fails this probe, and no position moves.

        A refusal ends the run, unless the probe is optional: then it fails this probe only.
        """
        asked = ProbeReport(probe)
        self.report.probes.append(asked)
        before = self.origin.traffic.requests
        try:
            yield asked
            asked.complete = True
        except (SAPUnavailable, BadAnswer, SAPRefused) as exc:
            if isinstance(exc, SAPRefused) and not optional:
                raise
            asked.problem = str(exc)
            self.report.problem = self.report.problem or f"{probe.label}: {exc}"
            self.unavailable |= isinstance(exc, SAPUnavailable) and not optional
        finally:
            asked.requests = self.origin.traffic.requests - before

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
        finish: Callable[[], None] | None = None,
    ) -> Applied:
        """Apply a batch in one transaction, and count what it did."""
        self.go_on()
        applying = Applying(
            lease=self.lease,
            run_id=self.report.run,
            decode=decode_order,
            now=self.clock,
            found_by=found_by,
            first_load=first_load,
            remember_new=remember_new,
            may_replace=may_replace,
            doubted=self.doubted,
            known_names=self.known_names,
            on_missing=self._brake,
        )
        self.report.seen.update(document.doc_entry for document in batch.documents)
        applied = apply_batch(applying, batch, finish=finish)
        self.report.add(applied)
        if self.company.conflict:
            raise IdentityConflict(self.company.conflict)
        return applied

    def _brake(self, newly_missing: int) -> None:
        """Many orders gone at once: something else is wrong.

        Noted in the transaction that marks them, so that no crash in between lets them pass. A
        load after a decision may find many gone; it is the only one.
        """
        gone = self.report.newly_missing + newly_missing
        anew = self.report.first_load and self.positions.completed_at(Probe.CHANGED) is None
        if not newly_missing or anew:
            return
        if plan.too_many_missing(gone, orders=reads.count(self.company_id, is_open=True)):
            self.note_conflict(
                f"SAP no longer shows {gone} orders that it showed before: the SAP user may have "
                "lost permissions, or the company was exchanged; if they were archived on "
                "purpose, decide for a new epoch"
            )

    def note_conflict(self, problem: str) -> None:
        """Readers keep the last good state, with a banner, until a person has decided."""
        self.company.conflict, self.company.conflict_at = problem, self.clock()
        self.company.save(update_fields=["conflict", "conflict_at"])

    def latest_believable(self) -> date:
        return plan.latest_believable(self.clock().date())
