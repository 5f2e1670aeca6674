"""Counts of orders and sums of what is pending, kept beside the orders they are of.

They are written in the transaction that writes the orders, and only one run writes for a company
at a time (`lease.py`), so adding the differences keeps them exact. `recounted` computes them anew
from the orders; the two are always equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from ordermirror.fields import DECIMALS
from ordermirror.models import (
    ENTRIES_PER_COMPANY,
    ListedAs,
    OrderTotal,
    SalesOrder,
)
from ordermirror.records import OPEN, STATUS_WORDS, Order
from ordermirror.store.tables import Table

SCALE = 10**DECIMALS
CLOSED = STATUS_WORDS["bost_Close"]


class Kind(NamedTuple):
    """What lists tell orders apart by."""

    listed_as: str
    is_open: bool
    sales_person_code: int | None
    doc_currency: str | None


class Sums(NamedTuple):
    """Of the orders of one kind; `pending` counts millionths."""

    orders: int
    pending: int

    def plus(self, orders: int, pending: int) -> Sums:
        return Sums(self.orders + orders, self.pending + pending)


NOTHING = Sums(0, 0)
TOTALS = Table(
    OrderTotal, ("id", "company", *Kind._fields, "orders", "pending_whole", "pending_millionths")
)


class Version(NamedTuple):
    """An order as it was or will be stored."""

    order: Order
    pending: Decimal


Replaced = tuple[Version | None, Version | None]
"""An order before and after; None when it was not there, or is not shown."""


def write(company_id: int, changes: Iterable[Replaced]) -> None:
    """Replace each first version by the second; two statements, none if no total is touched."""
    _add(company_id, _differences(changes))


def _add(company_id: int, added: Mapping[Kind, Sums]) -> None:
    if not added:
        return
    stored = _stored(company_id)
    last = max((key for key, _ in stored.values()), default=company_id * ENTRIES_PER_COMPANY)
    rows = []
    for kind, more in added.items():
        key, sums = stored.get(kind, (0, NOTHING))
        if not key:
            key = last = last + 1
        rows.append((key, company_id, *kind, *_columns(sums.plus(*more))))
    TOTALS.upsert(rows)


def _differences(changes: Iterable[Replaced]) -> dict[Kind, Sums]:
    found: dict[Kind, Sums] = {}
    for before, after in changes:
        for version, sign in ((before, -1), (after, 1)):
            if version is not None:
                kind, pending = _kind(version.order), _millionths(version.pending)
                found[kind] = found.get(kind, NOTHING).plus(sign, sign * pending)
    return {kind: sums for kind, sums in found.items() if sums != NOTHING}


def stored(company_id: int) -> dict[Kind, Sums]:
    """What the table says, of kinds that have orders."""
    return {kind: sums for kind, (_, sums) in _stored(company_id).items() if sums.orders}


def _stored(company_id: int) -> dict[Kind, tuple[int, Sums]]:
    columns = ("id", *Kind._fields, "orders", "pending_whole", "pending_millionths")
    rows = OrderTotal.objects.filter(company_id=company_id).values_list(*columns)
    return {
        Kind(*kind): (key, Sums(orders, whole * SCALE + millionths))
        for key, *kind, orders, whole, millionths in rows
    }


def recounted(company_id: int) -> dict[Kind, Sums]:
    """The same from the orders themselves, those that are shown: reads all of them."""
    return _counted(SalesOrder.objects.shown().filter(company_id=company_id))


def take_off(company_id: int, orders: QuerySet[SalesOrder]) -> None:
    """Orders that are shown now and are about to be hidden."""
    counted = _counted(orders)
    less = {kind: Sums(-sums.orders, -sums.pending) for kind, sums in counted.items()}
    _add(company_id, less)


def _counted(orders: QuerySet[SalesOrder]) -> dict[Kind, Sums]:
    """Summed here, since databases disagree on whether AED and aed are one group."""
    found: dict[Kind, Sums] = {}
    columns = ("listed_as", "document_status", "sales_person_code", "doc_currency", "pending_total")
    for listed_as, status, person, currency, pending in orders.values_list(*columns).iterator():
        kind = Kind(listed_as, status == OPEN, person, currency)
        found[kind] = found.get(kind, NOTHING).plus(1, _millionths(pending))
    return found


def recount(company_id: int) -> None:
    """Write the company's totals anew. Inside the transaction of a lease, or with no run active."""
    OrderTotal.objects.filter(company_id=company_id).delete()
    TOTALS.upsert(
        (company_id * ENTRIES_PER_COMPANY + place, company_id, *kind, *_columns(sums))
        for place, (kind, sums) in enumerate(recounted(company_id).items(), start=1)
    )


def amount(whole: int, millionths: int) -> Decimal:
    """The amount of one row, or of the sums over several."""
    return Decimal(whole * SCALE + millionths).scaleb(-DECIMALS)


def _columns(sums: Sums) -> tuple[int, int, int]:
    return (sums.orders, *divmod(sums.pending, SCALE))


def _millionths(pending: Decimal) -> int:
    return int(pending.scaleb(DECIMALS))


def _kind(order: Order) -> Kind:
    is_open = order.document_status == OPEN
    return Kind(_listed_as(order), is_open, order.sales_person_code, order.doc_currency)


def _listed_as(order: Order) -> str:
    """As the database computes `SalesOrder.listed_as`."""
    if order.cancelled:
        return ListedAs.CANCELLED
    known: Mapping[str | None, str] = {OPEN: ListedAs.OPEN, CLOSED: ListedAs.CLOSED}
    return known.get(order.document_status, ListedAs.OTHER)
