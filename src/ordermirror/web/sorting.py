"""The columns an order list can be sorted by, ties always broken the same way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, F, OrderBy, Q, When

from ordermirror.models import SalesOrderQuerySet


def total_in_currency() -> Case:
    """The order's total in its own currency; SAP fills the foreign figure for foreign ones only."""
    foreign = Q(doc_total_fc__isnull=False) & ~Q(doc_total_fc=Decimal(0))
    return Case(When(foreign, then=F("doc_total_fc")), default=F("doc_total"))


COLUMNS: dict[str, F | Case] = {
    "number": F("doc_num"),
    "date": F("listed_on"),
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


class Key(NamedTuple):
    """Where an order stands in a list by date."""

    listed_on: date
    doc_entry: int


def ordered(orders: SalesOrderQuerySet, sort: str) -> SalesOrderQuerySet:
    """Sort by a column of COLUMNS, descending after a minus; missing values come last."""
    column = sort.removeprefix("-")
    descending = sort.startswith("-")
    # A list by date never has nulls; asking for them would keep PostgreSQL from its index.
    nulls_last = None if column == "date" else True
    first = OrderBy(COLUMNS[column], descending=descending, nulls_last=nulls_last)
    ties = [OrderBy(F(name), descending=descending) for name in ("doc_entry", "company_id")]
    return orders.order_by(first, *ties)


def has_keys(sort: str) -> bool:
    return sort.removeprefix("-") == "date"


def turned(sort: str) -> str:
    return sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"


def beyond(key: Key, sort: str) -> Q:
    """The orders that follow this place. Not as a comparison of pairs: MariaDB uses no index."""
    way = "lt" if sort.startswith("-") else "gt"
    day = Q(**{f"listed_on__{way}e": key.listed_on})
    later = Q(**{f"listed_on__{way}": key.listed_on}) | Q(**{f"doc_entry__{way}": key.doc_entry})
    return day & later


def next_sort(column: str, current: str) -> str:
    """What a click on a column's heading sorts by: the other way round if it is the current one."""
    if current.removeprefix("-") == column:
        return column if current.startswith("-") else f"-{column}"
    return f"-{column}" if column in NEWEST_FIRST else column
