"""Mirrored orders as records, and records as rows. The one mapping between the two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from ordermirror.core.scope import Scope
from ordermirror.core.totals import ZERO, pending_amount
from ordermirror.models import OrderLine as LineRow
from ordermirror.models import SalesOrder, line_id, order_id
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, OPEN, Order, OrderLine
from ordermirror.store.dialects import Row
from ordermirror.store.tables import Table, among, among_written

ORDERS = Table(SalesOrder, ("id", "company", *HEADER_FIELDS, "pending_total", "hidden"))
LINES = Table(
    LineRow, ("id", "order", *LINE_FIELDS, "pending_amount", "manufacturer_code", "removed_at")
)


@dataclass(slots=True)
class Stored:
    """An order as the database has it; `removed` are the lines that SAP no longer sends."""

    order: Order
    pending_total: Decimal
    hidden: bool = False
    removed: list[OrderLine] = field(default_factory=list)


def stored_orders(company_id: int, doc_entries: Collection[int]) -> dict[int, Stored]:
    """By DocEntry; two statements, none when nothing is asked for."""
    if not doc_entries:
        return {}
    ids = among(order_id(company_id, entry) for entry in doc_entries)
    headers = SalesOrder.objects.filter(id__in=ids).values_list(
        *HEADER_FIELDS, "pending_total", "hidden"
    )
    found = {row[0]: Stored(Order._make([*row[:-2], ()]), *row[-2:]) for row in headers}
    lines = (
        LineRow.objects.filter(order__in=ids)
        .order_by("id")
        .values_list("order_id", "removed_at", *LINE_FIELDS)
    )
    kept: dict[int, list[OrderLine]] = {entry: [] for entry in found}
    for order, removed_at, *values in lines:
        entry = order - order_id(company_id, 0)
        target = kept[entry] if removed_at is None else found[entry].removed
        target.append(OrderLine(*values))
    for entry, stored in found.items():
        stored.order = stored.order._replace(lines=tuple(kept[entry]))
    return found


def without_older(
    company_id: int, doc_entries: Collection[int], since: date | None
) -> Collection[int]:
    """Without stored orders that a load back to `since` passes over: neither open nor as new."""
    if not doc_entries or since is None:
        return doc_entries
    ids = among(order_id(company_id, entry) for entry in doc_entries)
    stored = SalesOrder.objects.filter(id__in=ids)
    rows = stored.values_list("doc_entry", "doc_date", "document_status")
    scope = Scope(since=since)
    return set(doc_entries) - {
        entry for entry, day, status in rows if not scope.holds(None, day, is_open=status == OPEN)
    }


def order_row(company_id: int, order: Order, pending: Decimal, *, hidden: bool = False) -> Row:
    return (order_id(company_id, order.doc_entry), company_id, *order[:-1], pending, hidden)


def line_rows(
    company_id: int,
    order: Order,
    lines: Iterable[OrderLine],
    manufacturers: Mapping[str, int | None],
) -> list[Row]:
    """Rows of lines that SAP sends now; a line that had been removed is back.

    `manufacturers` are codes by item code.
    """
    parent = order_id(company_id, order.doc_entry)
    currency = order.doc_currency
    return [
        (
            line_id(parent, line.line_num),
            parent,
            *line,
            pending_amount(line, currency),
            manufacturers.get(line.item_code or ""),
            None,
        )
        for line in lines
    ]


def mark_removed(ids: Collection[int], removed_at: datetime) -> int:
    """Mark lines as no longer sent; their last values stay, nothing is pending on them."""
    if not ids:
        return 0
    return LineRow.objects.filter(id__in=among_written(ids)).update(
        removed_at=removed_at, pending_amount=ZERO
    )
