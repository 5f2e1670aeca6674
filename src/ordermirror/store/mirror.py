"""Mirrored orders as records, and records as rows. The one mapping between the two."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ordermirror.core.totals import ZERO, pending_amount
from ordermirror.models import OrderLine as LineRow
from ordermirror.models import SalesOrder, line_id, order_id
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, Order, OrderLine
from ordermirror.store.dialects import Row
from ordermirror.store.tables import Table, among

ORDERS = Table(SalesOrder, ("id", "company", *HEADER_FIELDS, "pending_total"))
LINES = Table(LineRow, ("id", "order", *LINE_FIELDS, "pending_amount", "removed_at"))


@dataclass(slots=True)
class Stored:
    """An order as the database has it; `removed` are the lines that SAP no longer sends."""

    order: Order
    pending_total: Decimal
    removed: list[OrderLine] = field(default_factory=list)


def stored_orders(company_id: int, doc_entries: Collection[int]) -> dict[int, Stored]:
    """By DocEntry; two statements, none when nothing is asked for."""
    if not doc_entries:
        return {}
    ids = among(order_id(company_id, entry) for entry in doc_entries)
    headers = SalesOrder.objects.filter(id__in=ids).values_list(*HEADER_FIELDS, "pending_total")
    found = {row[0]: Stored(Order._make([*row[:-1], ()]), row[-1]) for row in headers}
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


def order_row(company_id: int, order: Order, pending: Decimal) -> Row:
    return (order_id(company_id, order.doc_entry), company_id, *order[:-1], pending)


def line_rows(company_id: int, order: Order, lines: Iterable[OrderLine]) -> list[Row]:
    """Rows of lines that SAP sends now; a line that had been removed is back."""
    parent = order_id(company_id, order.doc_entry)
    currency = order.doc_currency
    return [
        (
            line_id(parent, line.line_num),
            parent,
            *line,
            pending_amount(line, currency),
            None,
        )
        for line in lines
    ]


def mark_removed(ids: Collection[int], removed_at: datetime) -> int:
    """Mark lines as no longer sent; their last values stay, nothing is pending on them."""
    if not ids:
        return 0
    return LineRow.objects.filter(id__in=among(ids)).update(
        removed_at=removed_at, pending_amount=ZERO
    )
