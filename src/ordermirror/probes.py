"""The questions of a refresh, and the one commit that records what they found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from ordermirror import masters, reconciliation
from ordermirror.core import audit, identity, plan
from ordermirror.core.fetched import Base, LightRow
from ordermirror.core.identity import Anchor
from ordermirror.core.report import ProbeReport
from ordermirror.core.scope import Reach
from ordermirror.errors import IdentityConflict
from ordermirror.models import Probe
from ordermirror.records import HIGHEST_ENTRY, LightOrder
from ordermirror.run import Run
from ordermirror.sap.source import ORDER_CODE, FollowUpKind
from ordermirror.store import lights, pending, quarantine, reads, scopes, waiting
from ordermirror.store.pending import Found
from ordermirror.store.positions import FirstLoad

FOLLOW_UPS = {
    Probe.DELIVERIES: FollowUpKind.DELIVERIES,
    Probe.RETURNS: FollowUpKind.RETURNS,
    Probe.INVOICES: FollowUpKind.INVOICES,
    Probe.CREDIT_NOTES: FollowUpKind.CREDIT_NOTES,
}
KIND_OF_CODE = {kind.object_code: kind for kind in FollowUpKind}
MOST_HOPS = 3
"""A credit note is drawn from an invoice, that from a delivery, that from an order."""


@dataclass(slots=True)
class Seen:
    """The light rows of one probe: each order's light hash, and the newest believable stamp.

    `to_load` are those of customers whose orders are still to be loaded.
    """

    hashes: dict[int, int] = field(default_factory=dict)
    to_load: set[int] = field(default_factory=set)
    anchors: dict[int, Anchor] = field(default_factory=dict)
    newest_stamp: date | None = None
    lights: dict[int, LightOrder | None] | None = None
    """The rows themselves; None where nobody will look at them."""

    def take(self, page: Iterable[LightRow], reach: Reach, *, not_after: date) -> None:
        """What of a row's customer is unknown, reading the order tells."""
        for doc_entry, light_hash, light, anchor, card_code in page:
            if anchor:
                self.anchors[doc_entry] = anchor
            if card_code is not None:
                if not reach.target.has_customer(card_code):
                    continue
                if reach.is_still_to_load(card_code):
                    self.to_load.add(doc_entry)
            self.hashes[doc_entry] = light_hash
            if self.lights is not None:
                self.lights[doc_entry] = light
            stamp = light.update_date if light else None
            if stamp and stamp <= not_after and stamp > (self.newest_stamp or date.min):
                self.newest_stamp = stamp


@dataclass(slots=True)
class Findings:
    """What the probes of a run found, and how to move the positions of those that are complete."""

    found: dict[int, Found] = field(default_factory=dict)
    to_audit: list[int] = field(default_factory=list)
    movers: list[Callable[[], None]] = field(default_factory=list)
    audited: list[Callable[[], None]] = field(default_factory=list)
    """Movers of the audit's positions."""

    def audit_is_owed(self) -> None:
        """Like all else that was found: it survives the end of the run."""
        self.found = dict.fromkeys(self.to_audit, Found(Probe.AUDIT)) | self.found
        self.movers += self.audited
        self.to_audit, self.audited = [], []


def ask_what_changed(run: Run, position: FirstLoad) -> bool:
    """Put every question that is due, then record findings and positions in one commit.

    False, and nothing recorded, when it is not known whose orders these are.
    """
    findings = Findings()
    reconciliation.begin(run)
    changed, changed_report = _ask_changed(run)
    if not changed_report.complete and not check_identity(run, position):
        return False
    still_open, open_report = _ask_open(run)
    due = run.due_aside()
    _ask_follow_ups(run, findings, due)
    findings.movers += masters.refresh(run, due)
    open_here = lights.open_hashes(run.company_id)
    due_by_time(run, findings, open_orders=len(open_here))
    if open_report.complete:
        _absent(findings, open_here, still_open)
        findings.movers.append(partial(run.positions.complete, Probe.OPEN, now=run.clock()))
    if changed_report.complete:
        findings.movers.append(partial(_move_changed, run, changed))
    _differing(run, findings, changed, still_open, open_here)
    record(run, findings)
    return True


def record(run: Run, findings: Findings) -> None:
    """Owe what was found and move the positions, in one commit.

    When nothing but the audit is to be read, the positions move with the audited orders: a quiet
    run has one writing transaction.
    """
    if findings.found or not findings.to_audit:
        findings.audit_is_owed()
    owed_now = run.waiting.owed_now
    new = {entry: it.probe for entry, it in findings.found.items() if entry not in run.waiting.owed}
    run.to_read = dict(sorted((owed_now | new).items()))
    run.to_audit = dict.fromkeys(findings.to_audit, str(Probe.AUDIT))

    def write(*, audited: bool = True) -> None:
        with run.positions.together():
            pending.add(run.company_id, findings.found, now=run.clock())
            for move in (*findings.movers, *(findings.audited if audited else ())):
                move()

    if run.to_audit:
        run.unrecorded = write
    else:
        with run.lease.transaction():
            write()


def check_identity(run: Run, position: FirstLoad) -> bool:
    """Before a load goes on, or over stored orders. Raises IdentityConflict.

    Orders that a load has not reached may be of an earlier epoch, and tell nothing.
    """
    upto = HIGHEST_ENTRY if position.complete else position.doc_entry
    stored = reads.anchors(run.company_id, upto=upto)
    if stored:
        with run.asking(Probe.IDENTITY) as asked:
            answered = run.anchors(stored)
            asked.rows = len(answered)
            _require_no_conflict(stored, answered)
        return asked.complete
    return True


def start_follow_ups(run: Run) -> None:
    """Where the follow-up probes begin: behind what there is before the scan of a first load."""
    for probe in FOLLOW_UPS:
        if run.positions.doc_entry(probe) is None:
            with run.asking(probe, optional=True):
                _start_follow_up(run, probe)


def _start_follow_up(run: Run, probe: Probe) -> None:
    newest = run.source.newest_follow_up(FOLLOW_UPS[probe])
    with run.lease.transaction():
        run.positions.start_at(probe, newest)


def _ask_changed(run: Run) -> tuple[Seen, ProbeReport]:
    """Also shows the anchors, so that no order of another company is ever recorded."""
    position = run.positions.changed()
    since = plan.ask_from(position, lookback_days=run.lookback_days)
    stored = reads.anchors(run.company_id)
    entries = [anchor.doc_entry for anchor in stored]
    seen, asked = _ask_light(
        run,
        Probe.CHANGED,
        lambda: run.source.changed(since=since, above=position.doc_entry, anchors=entries),
        Seen(),
    )
    if asked.complete:
        _require_no_conflict(stored, seen.anchors)
    return seen, asked


def _ask_open(run: Run) -> tuple[Seen, ProbeReport]:
    seen = Seen(lights={} if run.look else None)
    seen, asked = _ask_light(run, Probe.OPEN, lambda: run.source.open(), seen)
    if run.look and asked.complete:
        run.look.open_orders = seen.lights
    return seen, asked


def _require_no_conflict(stored: list[Anchor], answered: dict[int, Anchor]) -> None:
    problem = identity.conflict(stored, answered)
    if problem:
        raise IdentityConflict(problem)


def _ask_light(
    run: Run,
    probe: Probe,
    question: Callable[[], Iterator[list[LightRow]]],
    seen: Seen,
) -> tuple[Seen, ProbeReport]:
    with run.asking(probe) as asked:
        for page in question():
            run.go_on()
            seen.take(page, run.reach, not_after=run.latest_believable())
            asked.rows += len(page)
    run.report.seen.update(seen.hashes)
    return seen, asked


def _ask_follow_ups(run: Run, findings: Findings, due: Collection[Probe]) -> None:
    """Documents drawn from orders: a partial delivery may leave no stamp on the order itself."""
    for probe in FOLLOW_UPS:
        if probe in due:
            _ask_follow_up(run, probe, findings)


def _ask_follow_up(run: Run, probe: Probe, findings: Findings) -> None:
    bases: set[Base] = set()
    with run.asking(probe, optional=True) as asked:
        got_to = run.positions.doc_entry(probe)
        if got_to is None:
            # It was not allowed when the first load began. What happened since is the audit's.
            _start_follow_up(run, probe)
            return
        for page in run.source.follow_ups(FOLLOW_UPS[probe], above=got_to):
            run.go_on()
            asked.rows += len(page)
            for document in page:
                bases |= document.bases
                got_to = document.doc_entry
        orders = _orders_behind(run, bases, probe)
        if run.reach.target.customers is not None:
            orders = scopes.shown_among(run.company_id, orders)
        findings.found |= dict.fromkeys(orders, Found(probe))
        moved = partial(run.positions.got_to, probe, got_to, now=run.clock())
        findings.movers.append(moved)


def _orders_behind(run: Run, bases: set[Base], probe: Probe) -> set[int]:
    """Follow documents to the orders they were drawn from, through those in between."""
    orders: set[int] = set()
    for _ in range(MOST_HOPS):
        between: dict[FollowUpKind, set[int]] = defaultdict(set)
        for base in bases:
            if base.object_code == ORDER_CODE:
                orders.add(base.doc_entry)
            elif (kind := KIND_OF_CODE.get(base.object_code)) and not _says_nothing(probe, kind):
                between[kind].add(base.doc_entry)
        if not between:
            break
        bases = set().union(
            *(run.source.bases(kind, sorted(entries)) for kind, entries in between.items())
        )
    return orders


def _says_nothing(probe: Probe, base: FollowUpKind) -> bool:
    """An invoice drawn from a delivery changes nothing on the order: the delivery already has."""
    return probe is Probe.INVOICES and base is FollowUpKind.DELIVERIES


def due_by_time(run: Run, findings: Findings, *, open_orders: int) -> None:
    """Orders to read again whatever else was shown: audit, confirmation, quarantine.

    `open_orders` are to be audited; none where all of them are read whole in each run.
    """
    here = waiting.read(run.company_id, now=run.clock(), to_audit=run.plan.audit_most)
    run.waiting = here
    findings.found |= dict.fromkeys(here.to_confirm, Found(Probe.CONFIRM))
    findings.found |= dict.fromkeys(here.to_retry, Found(Probe.QUARANTINE))
    period = run.positions.audit_period(longest=run.plan.audit_open_within)
    due = _share(run, findings, Probe.AUDIT, orders=open_orders, period=period)
    closed_within = run.plan.audit_closed_within
    due_others = _share(run, findings, Probe.AUDIT_CLOSED, orders=here.others, period=closed_within)
    findings.to_audit = [*here.oldest_open[:due], *here.oldest_others[:due_others]]


def _share(run: Run, findings: Findings, clock: Probe, *, orders: int, period: timedelta) -> int:
    """Each kind of order has its own clock, so that neither loses what it has waited for."""
    last, now = run.positions.completed_at(clock), run.clock()
    due = audit.share(orders, elapsed=now - last, period=period) if last else 0
    if last is None or due or last > now:
        findings.audited.append(lambda: run.positions.complete(clock, now=now))
    return min(due, run.plan.audit_most)


def _absent(findings: Findings, open_here: dict[int, int], still_open: Seen) -> None:
    """An open order that a complete answer left out is only found, never closed: reading it by
    key shows what became of it."""
    absent = open_here.keys() - still_open.hashes.keys()
    findings.found |= dict.fromkeys(absent, Found(Probe.OPEN))


def _differing(
    run: Run,
    findings: Findings,
    changed: Seen,
    still_open: Seen,
    open_here: dict[int, int],
) -> None:
    """Orders whose light row is not the one remembered, each with the probe that showed it.

    Those that a backfill is still to come to are left to it.
    """
    company_id, now = run.company_id, run.clock()
    seen = changed.hashes | still_open.hashes
    known = open_here | lights.hashes(company_id, seen.keys() - open_here.keys())
    left = (changed.to_load | still_open.to_load) - known.keys()
    got_to = run.positions.doc_entry(Probe.BACKFILL) or 0
    different = {
        entry: light
        for entry, light in seen.items()
        if known.get(entry) != light and not (entry in left and entry > got_to)
    }
    worth_reading: Collection[int] = different
    if run.waiting.set_aside:
        worth_reading = lights.not_set_aside(company_id, different, now=now)
        set_aside = {it: different[it] for it in different.keys() & run.waiting.set_aside}
        findings.movers.append(partial(quarantine.note_light_hashes, company_id, set_aside))
    for entry in worth_reading:
        probe = Probe.CHANGED if entry in changed.hashes else Probe.OPEN
        findings.found[entry] = Found(probe, different[entry])


def _move_changed(run: Run, changed: Seen) -> None:
    now = run.clock()
    moved = plan.moved(
        run.positions.changed(),
        newest_stamp=changed.newest_stamp,
        highest_entry=max(changed.hashes, default=0),
        today=now.date(),
    )
    run.positions.save_changed(moved, now=now)
