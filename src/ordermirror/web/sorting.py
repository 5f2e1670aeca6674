"""The columns an order list can be sorted by, ties always broken the same way."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Case, F, OrderBy, Q, When

from ordermirror.models import SalesOrderQuerySet


def total_in_currency() -> Case:
    """The order's total in its own currency; SAP fills the foreign figure for foreign ones only."""
    foreign = Q(doc_total_fc__isnull=False) & ~Q(doc_total_fc=Decimal(0))
    return Case(When(foreign, then=F("doc_total_fc")), default=F("doc_total"))


COLUMNS: dict[str, F | Case] = {
    "number": F("doc_num"),
    "date": F("doc_date"),
    "due": F("doc_due_date"),
    "customer": F("card_name"),
    "sales": F("sales_person_code"),
    "reference": F("num_at_card"),
    "status": F("document_status"),
    "open": F("pending_total"),
    "total": total_in_currency(),
}
NEWEST_FIRST = ("number", "date", "due", "open", "total")
"""Columns that start with the largest when they are chosen."""


def ordered(orders: SalesOrderQuerySet, sort: str) -> SalesOrderQuerySet:
    """Sort by a column of COLUMNS, descending after a minus; missing values come last."""
    column = sort.removeprefix("-")
    descending = sort.startswith("-")
    # SAP always sends a posting date; asking for nulls last there would keep PostgreSQL from
    # reading its index backwards.
    nulls_last = None if column == "date" else True
    first = OrderBy(COLUMNS[column], descending=descending, nulls_last=nulls_last)
    ties = [OrderBy(F(name), descending=descending) for name in ("doc_entry", "company_id")]
    return orders.order_by(first, *ties)


def next_sort(column: str, current: str) -> str:
    """What a click on a column's heading sorts by: the other way round if it is the current one."""
    if current.removeprefix("-") == column:
        return column if current.startswith("-") else f"-{column}"
    return f"-{column}" if column in NEWEST_FIRST else column
