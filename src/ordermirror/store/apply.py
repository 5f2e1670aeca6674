"""Apply documents: the one tail that every way of reading an order ends in.

A batch is one transaction: orders, lines, lines removed, history, hashes, pending keys, quarantine
and position together, or nothing. A document that can't be taken is set aside with its reason and
its last good version stays; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import DataError, IntegrityError, transaction

from ordermirror.core import identity, mapping
from ordermirror.core.diff import Fate, OrderDiff, diff_new, diff_order
from ordermirror.core.fetched import Batch, Document, KeyCoverage, PartCoverage
from ordermirror.core.fingerprint import document_hash, light_hash
from ordermirror.core.identity import anchor_of
from ordermirror.core.named import Named
from ordermirror.core.plan import CONFIRM_AFTER
from ordermirror.core.report import Counts
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.core.torn import looks_torn
from ordermirror.core.totals import pending_total
from ordermirror.errors import BadOrder, IdentityConflict
from ordermirror.lease import Lease
from ordermirror.models import Probe, line_id, order_id
from ordermirror.phases import Phase, during
from ordermirror.records import OPEN, Order, light_of
from ordermirror.store import (
    history,
    master_data,
    mirror,
    pending,
    quarantine,
    read_log,
    remembered,
    search,
    totals,
)
from ordermirror.store.dialects import Row
from ordermirror.store.manufacturers import Lookup
from ordermirror.store.quarantine import Refused
from ordermirror.store.remembered import Known, NewRead, is_older

FEW_TORN = 3
TORN_SHARE = 0.1

Decode = Callable[[int, bytes | memoryview], Order]


@dataclass(slots=True)
class Applied(Counts):
    """What applying did."""

    names: set[search.Name] = field(default_factory=set)
    """Of customers and items, written for searches."""
    named: Named = field(default_factory=Named)
    torn: dict[int, int] = field(default_factory=dict)
    """The hash of each document that looks torn and was not taken."""
    left_out: set[int] = field(default_factory=set)
    """Of customers that are not mirrored, and not shown before."""

    def also(self, part: Applied) -> None:
        self.add(part)
        self.names |= part.names
        self.named.also(part.named)
        self.torn |= part.torn
        self.left_out |= part.left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Everything that the batches of one run have in common.

    Of an order whose customer is not in the `scope` nothing is stored, unless it has been shown:
    then it is hidden.
    """

    lease: Lease
    run_id: int
    decode: Decode
    now: Callable[[], datetime]
    scope: Scope = EVERYTHING
    found_by: Mapping[int, str] = field(default_factory=dict)
    """The probe that found each order; none in a first load."""
    first_load: bool = False
    remember_new: bool = True
    """Whether an order seen for the first time is news; not in a first load, where all are."""
    of_set: bool = False
    """Documents that are read whole in each run: only news of them is logged."""
    may_replace: bool = False
    """Whether a number may stand for another order than the stored one: only in the first load
    after a person decided so (`ordermirror company`)."""
    on_missing: Callable[[int], None] = lambda newly_missing: None
    """Told in the same transaction; a conflict it notes is committed with the suspects."""
    doubted: dict[int, int] = field(default_factory=dict)
    """The hash of each document that looked torn: taken when a second read agrees."""
    known_names: set[search.Name] = field(default_factory=set)
    """What the run has written for searches already."""
    manufacturers: Lookup | None = None
    """Whose the items are; None leaves that open."""
    held: Collection[int] | None = None
    """Of which orders there may be a row to settle or release; None: of any. That of an order that
    somebody asks for meanwhile stays: this read may have begun before."""
    more_to_come: bool = False
    """Whether other batches of the run follow this one."""


@dataclass(slots=True)
class _Changed:
    """A decoded document and how it differs from what is stored."""

    document: Document
    order: Order
    diff: OrderDiff
    stored: mirror.Stored | None
    pending_total: Decimal
    hidden: bool

    @property
    def was_shown(self) -> totals.Version | None:
        if self.stored is None or self.stored.hidden:
            return None
        return totals.Version(self.stored.order, self.stored.pending_total)

    @property
    def is_shown(self) -> totals.Version | None:
        return None if self.hidden else totals.Version(self.order, self.pending_total)

    @property
    def header_changed(self) -> bool:
        """Whether the order's own row is to be written."""
        if self.stored is None or self.diff.header_changed:
            return True
        before = self.stored.pending_total, self.stored.hidden
        return before != (self.pending_total, self.hidden)


def apply_batch(
    applying: Applying, batch: Batch, *, finish: Callable[[], None] | None = None
) -> Applied:
    """Apply all documents of a batch in one transaction; `finish` writes the position with them.

    When the database refuses the batch, its documents are applied one by one, so that only those
    it refuses are set aside. Raises LeaseLost when another run has taken over.
    """
    try:
        return _in_transaction(applying, batch, _apply, finish)
    except (DataError, IntegrityError):
        _forget(applying)
        return _in_transaction(applying, batch, _apply_one_by_one, finish)


def _in_transaction(
    applying: Applying,
    batch: Batch,
    apply: Callable[[Applying, Sequence[Document], Known], Applied],
    finish: Callable[[], None] | None,
) -> Applied:
    with applying.lease.transaction():
        with during(Phase.READ):
            known = remembered.reads_of(applying.lease.company_id, batch)
        applied = apply(applying, batch.documents, known)
        _note_absent(applying, batch, known, applied)
        if finish:
            finish()
    # Only now: an attempt that was undone has neither written a name nor read a document.
    applying.known_names.update(applied.names)
    if applying.manufacturers:
        applying.manufacturers.committed()
    applying.doubted.update(applied.torn)
    return applied


def _apply_one_by_one(applying: Applying, documents: Sequence[Document], known: Known) -> Applied:
    """One savepoint a document."""
    total = Applied()
    for document in documents:
        try:
            with transaction.atomic():
                part = _apply(applying, [document], known)
        except (DataError, IntegrityError) as exc:
            _forget(applying)
            part = _set_aside(applying, [_refused(document, "store", _first_line(exc))])
            pending.settle(applying.lease.company_id, [document.doc_entry])
        total.also(part)
    return total


def _forget(applying: Applying) -> None:
    """Items that were noted as unknown have been undone with the rest."""
    if applying.manufacturers:
        applying.manufacturers.forget()


def _apply(applying: Applying, documents: Sequence[Document], known: Known) -> Applied:
    company_id = applying.lease.company_id
    current = [doc for doc in documents if not is_older(doc, applying.run_id, known)]
    with during(Phase.COMPARE):
        hashes = {doc.doc_entry: document_hash(doc.payload) for doc in current}
        unchanged = {
            entry: known[entry][:2]
            for entry, found in hashes.items()
            if remembered.tells_nothing_new(entry, found, known)
        }
    new = [doc for doc in current if doc.doc_entry not in unchanged]
    with during(Phase.COMPARE):
        changed, refused = _decode_and_diff(applying, new, hashes, known)
        told = {item.order.doc_entry for item in changed} | {item.doc_entry for item in refused}
        left_out = {doc.doc_entry for doc in new} - told
        torn = _torn(applying, changed, hashes)
    changed = [item for item in changed if item.order.doc_entry not in torn]
    current = [doc for doc in current if doc.doc_entry not in torn]
    applied = _set_aside(applying, refused)
    applied.count(Fate.UNCHANGED, len(unchanged))
    for item in changed:
        applied.count(item.diff.fate)
    _write(applying, changed, applied)
    reads = _new_reads(applying, current, changed, hashes, unchanged)
    remembered.remember(company_id, applying.run_id, reads)
    _write_history(applying, changed, known)
    taken = [doc for doc in documents if doc.doc_entry not in left_out]
    _log(applying, taken, changed, refused, torn, applied)
    read = {doc.doc_entry for doc in documents} - torn.keys()
    held = read if applying.held is None else read.intersection(applying.held)
    pending.settle(company_id, held)
    quarantine.release(company_id, held - {item.doc_entry for item in refused})
    applied.torn, applied.left_out = torn, left_out
    return applied


def _torn(
    applying: Applying, changed: Sequence[_Changed], hashes: dict[int, int]
) -> dict[int, int]:
    """Documents that look torn, by DocEntry with their hashes, unless a second read agreed.

    They are owed another read. Where a first load shows many of them, that is how this company's
    documents are.
    """
    torn = {
        entry: hashes[entry]
        for item in changed
        if item.diff.fate is not Fate.REMAPPED
        and not _replaces(item)
        and applying.doubted.get(entry := item.order.doc_entry) != hashes[entry]
        and looks_torn(item.order, item.stored.order if item.stored else None)
    }
    if applying.first_load and len(torn) > max(FEW_TORN, TORN_SHARE * len(changed)):
        return {}
    found = {
        item.order.doc_entry: pending.Found(
            applying.found_by.get(item.order.doc_entry, Probe.FIRST_LOAD),
            doc_num=item.document.doc_num,
        )
        for item in changed
        if item.order.doc_entry in torn
    }
    pending.add(applying.lease.company_id, found, now=applying.now())
    return torn


def _replaces(item: _Changed) -> bool:
    """Another order under its number, as decided. Read by key later, it would be a conflict."""
    return item.stored is not None and anchor_of(item.stored.order) != anchor_of(item.order)


def _log(
    applying: Applying,
    documents: Sequence[Document],
    changed: Sequence[_Changed],
    refused: Sequence[Refused],
    torn: Mapping[int, int],
    applied: Applied,
) -> None:
    """What each read by key showed; audits that confirm what is known only count."""
    if applying.first_load:
        return
    told: dict[int, tuple[str, str]] = {
        item.order.doc_entry: (str(item.diff.fate), _status_of(item.order)) for item in changed
    }
    told |= {item.doc_entry: ("quarantined", item.reason) for item in refused}
    told |= dict.fromkeys(torn, ("torn", "header and lines disagree; read again"))
    entries: list[read_log.Entry] = []
    for document in documents:
        entry = document.doc_entry
        probe = applying.found_by.get(entry, Probe.HINT)
        decision, detail = told.get(entry, (str(Fate.UNCHANGED), ""))
        if applying.of_set and decision == Fate.UNCHANGED:
            continue
        if probe == Probe.AUDIT:
            applied.audited += 1
            if decision == Fate.UNCHANGED:
                continue
            applied.silent_changes += decision not in ("quarantined", "torn", Fate.REMAPPED)
        entries.append(read_log.Entry(entry, probe, document.read_at, decision, detail))
    read_log.add(applying.lease.company_id, applying.run_id, entries)


def _status_of(order: Order) -> str:
    status = "cancelled" if order.cancelled else order.document_status
    return f"{status}, stamped {order.update_date} {order.update_time or ''}".rstrip()


def _decode_and_diff(
    applying: Applying, documents: Sequence[Document], hashes: dict[int, int], known: Known
) -> tuple[list[_Changed], list[Refused]]:
    with during(Phase.READ):
        before = [document.doc_entry for document in documents if document.doc_entry in known]
        stored = mirror.stored_orders(applying.lease.company_id, before)
    changed: list[_Changed] = []
    refused: list[Refused] = []
    for document in documents:
        entry = document.doc_entry
        same = remembered.is_same(entry, hashes[entry], known)
        version = known[entry].mapping_version if entry in known else mapping.VERSION
        try:
            item = _compared(applying, document, stored.get(entry), same, version)
        except BadOrder as exc:
            refused.append(_refused(document, exc.stage, exc.reason))
        else:
            changed += [item] if item else []
    return changed, refused


def _compared(
    applying: Applying, document: Document, before: mirror.Stored | None, same: bool, version: int
) -> _Changed | None:
    """`same`: the stored order is of the same document; `version`: of the mapping that read it.

    None when nothing is to be stored of it: its customer is not mirrored, and it is not shown.
    Raises BadOrder when the document can't be taken.
    """
    if document.unreadable:
        raise BadOrder(document.doc_entry, "fetch", document.unreadable)
    with during(Phase.DECODE):
        order = applying.decode(document.doc_entry, document.payload)
    hidden = not applying.scope.has_customer(order.card_code)
    if hidden and (before is None or before.hidden):
        return None
    total = pending_total(order)
    if before is None:
        return _Changed(document, order, diff_new(order), None, total, hidden)
    stored = before.order
    if version == mapping.VERSION:
        _require_same_order(applying, stored, order)
        diff = diff_order(stored, order, before.removed)
    else:
        as_now = order if same else mapping.as_read_now(stored, order, version)
        _require_same_order(applying, as_now, order)
        diff = diff_order(stored, order, before.removed)
        diff = mapping.without_remapping(diff, as_now, order, before.removed)
        if total != before.pending_total:
            diff = mapping.with_all_lines(diff, order)
    return _Changed(document, order, diff, before, total, hidden)


def _require_same_order(applying: Applying, stored: Order, order: Order) -> None:
    """Raises IdentityConflict, which undoes the batch."""
    was, now = anchor_of(stored), anchor_of(order)
    if was != now and not applying.may_replace:
        raise IdentityConflict(identity.told_apart(was, now))


def _write(applying: Applying, changed: Sequence[_Changed], applied: Applied) -> None:
    company_id = applying.lease.company_id
    orders: list[Row] = []
    lines: list[Row] = []
    removed: list[int] = []
    manufacturers = _manufacturers(applying, changed)
    for item in changed:
        order, diff = item.order, item.diff
        if item.header_changed:
            orders.append(
                mirror.order_row(company_id, order, item.pending_total, hidden=item.hidden)
            )
        written = (*diff.created_lines, *diff.changed_lines)
        lines += mirror.line_rows(company_id, order, written, manufacturers)
        parent = order_id(company_id, order.doc_entry)
        removed += [line_id(parent, number) for number in diff.removed_line_nums]
        applied.lines.created += len(diff.created_lines)
        applied.lines.changed += len(diff.changed_lines)
    # One alone may be of a batch that was refused because what should be new was there.
    if len(changed) == 1 or any(item.stored for item in changed):
        mirror.ORDERS.upsert(orders)
        mirror.LINES.upsert(lines)
    else:
        mirror.ORDERS.insert(orders)
        mirror.LINES.insert(lines)
    applied.lines.removed = mirror.mark_removed(removed, applying.now())
    applied.rows_written = len(orders) + len(lines) + applied.lines.removed
    totals.write(company_id, [(item.was_shown, item.is_shown) for item in changed])
    orders_then_and_now = [
        (item.stored.order if item.stored else None, item.order) for item in changed
    ]
    for before, after in orders_then_and_now:
        applied.named.take(before, after)
    applied.names = search.write(company_id, orders_then_and_now, applying.known_names)


def _manufacturers(applying: Applying, changed: Sequence[_Changed]) -> dict[str, int | None]:
    """Of the items on lines that are written. Those that are not stored are to be asked for."""
    lines = (it for item in changed for it in (*item.diff.created_lines, *item.diff.changed_lines))
    codes = {line.item_code for line in lines if line.item_code}
    if applying.manufacturers is None or not codes:
        return {}
    found = applying.manufacturers.of(codes, more_to_come=applying.more_to_come)
    master_data.note_unknown(applying.lease.company_id, found.unknown, now=applying.now())
    return found.manufacturers


def _new_reads(
    applying: Applying,
    current: Sequence[Document],
    changed: Sequence[_Changed],
    hashes: dict[int, int],
    unchanged: Mapping[int, tuple[bool, int]],
) -> Iterator[NewRead]:
    """Of each document that is stored; not of those that were set aside.

    `unchanged` are those that told nothing new: whether open, and the hash of the light row.
    """
    by_entry = {item.order.doc_entry: item for item in changed}
    for entry, _, read_at, *_ in current:
        item, confirm_at, hidden = by_entry.get(entry), None, False
        if item:
            hidden = item.hidden
            light = (item.order.document_status == OPEN, light_hash(light_of(item.order)))
            confirm_at = read_at + CONFIRM_AFTER if _may_change_unseen(applying, item) else None
        elif entry in unchanged:
            light = unchanged[entry]
        else:
            continue
        yield NewRead(entry, *light, hashes[entry], read_at, confirm_at, hidden)


def _may_change_unseen(applying: Applying, item: _Changed) -> bool:
    """Whether the order was stamped so lately that another change may leave the same stamp.

    In a first load that is told by the day, for any zone of SAP's clock.
    """
    if item.hidden or item.diff.fate in (Fate.UNCHANGED, Fate.REMAPPED):
        return False
    stamp = item.order.update_date
    yesterday = (applying.now() - timedelta(days=2)).date()
    return not applying.first_load or (stamp is not None and stamp >= yesterday)


def _write_history(applying: Applying, changed: Sequence[_Changed], known: Known) -> None:
    history.add(
        (
            order_id(applying.lease.company_id, item.order.doc_entry),
            applying.run_id,
            change,
            # Our clock may have been set back since the last read.
            min(known[item.order.doc_entry].read_at, item.document.read_at)
            if item.stored
            else None,
            item.document.read_at,
        )
        for item in changed
        if item.stored is not None or applying.remember_new
        for change in item.diff.changes
    )


def _set_aside(applying: Applying, refused: Sequence[Refused]) -> Applied:
    quarantine.add(applying.lease.company_id, refused, now=applying.now())
    return Applied(quarantined=len(refused))


def _first_line(exc: Exception) -> str:
    """What the database says; on further lines PostgreSQL quotes the row."""
    return str(exc).partition("\n")[0]


def _refused(document: Document, stage: str, reason: str) -> Refused:
    payload_hash = document_hash(document.payload)
    return Refused(document.doc_entry, stage, reason, payload_hash, document.doc_num)


def _note_absent(applying: Applying, batch: Batch, known: Known, applied: Applied) -> None:
    """A stored order that a complete answer did not show is owed a read by key, nothing more.

    One that is not found by key either is suspect: it stays as it is, and pending.
    """
    if isinstance(batch.coverage, PartCoverage):
        return
    company_id, now = applying.lease.company_id, applying.now()
    received = {doc.doc_entry for doc in batch.documents}
    shown = {entry for entry, read in known.items() if not read.hidden}
    if isinstance(batch.coverage, KeyCoverage):
        missing = batch.coverage.doc_entries - received
        _owe_unheld(applying, missing, now)
        applied.missing = len(missing)
        applied.newly_missing = len(pending.mark_missing(company_id, missing, now=now) & shown)
        applying.on_missing(applied.newly_missing)
        read_log.add(
            company_id,
            applying.run_id,
            [
                read_log.Entry(entry, applying.found_by.get(entry, Probe.HINT), now, "not found")
                for entry in sorted(missing)
            ],
        )
    else:
        absent = mirror.without_older(company_id, shown - received, applying.scope.since)
        pending.add(company_id, dict.fromkeys(absent, pending.Found(Probe.ABSENT)), now=now)


def _owe_unheld(applying: Applying, doc_entries: Collection[int], now: datetime) -> None:
    """What was audited without being owed is owed once it needs another look."""
    if applying.held is not None:
        probes = {it: applying.found_by[it] for it in doc_entries if it not in applying.held}
        found = {entry: pending.Found(probe) for entry, probe in probes.items()}
        pending.add(applying.lease.company_id, found, now=now)
