"""What is remembered of the last whole read of each order: enough to see that nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ordermirror.core import mapping
from ordermirror.core.fetched import Batch, Document, RangeCoverage
from ordermirror.models import OrderRead, order_id
from ordermirror.store.tables import Table, among, among_written

READS = Table(
    OrderRead,
    (
        "id",
        "company",
        "doc_entry",
        "is_open",
        "light_hash",
        "document_hash",
        "mapping_version",
        "read_at",
        "run",
        "confirm_at",
        "missing_since",
        "hidden",
    ),
)

NO_HASH = 0
"""A document has it once in 2⁶⁴ times."""


class KnownRead(NamedTuple):
    """A whole read of an order, as it is remembered."""

    is_open: bool
    light_hash: int
    document_hash: int
    read_at: datetime
    run_id: int | None
    mapping_version: int
    hidden: bool


Known = dict[int, KnownRead]


class NewRead(NamedTuple):
    """A whole read of an order that is stored, changed or not."""

    doc_entry: int
    is_open: bool
    light_hash: int
    document_hash: int
    read_at: datetime
    confirm_at: datetime | None
    hidden: bool


def reads_of(company_id: int, batch: Batch) -> Known:
    """Of all stored orders that the batch covers, by DocEntry."""
    first = order_id(company_id, 0)
    reads = OrderRead.objects.all()
    if isinstance(batch.coverage, RangeCoverage):
        low, high = first + batch.coverage.after, first + batch.coverage.upto
        reads = reads.filter(id__gt=low, id__lte=high)
    else:
        reads = reads.filter(id__in=among(first + key for key in batch.coverage.doc_entries))
    rows = reads.values_list("doc_entry", *KnownRead._fields)
    return {entry: KnownRead(*values) for entry, *values in rows}


def remember(company_id: int, run_id: int, reads: Iterable[NewRead]) -> None:
    READS.upsert(
        (
            order_id(company_id, read.doc_entry),
            company_id,
            *read[:4],
            mapping.VERSION,
            read.read_at,
            run_id,
            read.confirm_at,
            None,
            read.hidden,
        )
        for read in reads
    )


def doubt(company_id: int, doc_entries: Iterable[int]) -> None:
    """Orders that are not stored as they were read: the next read of each is decoded and compared,
    though SAP may send the same bytes."""
    ids = among_written(order_id(company_id, entry) for entry in doc_entries)
    OrderRead.objects.filter(id__in=ids).update(document_hash=NO_HASH)


def is_older(document: Document, run_id: int, known: Known) -> bool:
    """Whether a newer read is stored.

    Moments are compared within a run only, since our clock may be set back between two. What
    another run has stored was read before: the fence lets only one run write at a time.
    """
    read = known.get(document.doc_entry)
    return read is not None and read.run_id == run_id and read.read_at > document.read_at


def is_same(doc_entry: int, document_hash: int, known: Known) -> bool:
    """Whether SAP sent the same bytes as the last time."""
    return doc_entry in known and known[doc_entry].document_hash == document_hash


def tells_nothing_new(doc_entry: int, document_hash: int, known: Known) -> bool:
    """The same bytes, decoded by the same mapping, of an order that is shown."""
    if not is_same(doc_entry, document_hash, known):
        return False
    read = known[doc_entry]
    return read.mapping_version == mapping.VERSION and not read.hidden
