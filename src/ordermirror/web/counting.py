"""How many orders match and what is pending on them, without ever adding up a large result.

What the list is filtered by on most days is counted already (`OrderTotal`). Any other result is
counted up to a limit, and beyond it only when a person asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Sum

from ordermirror.models import OrderTotal, SalesOrderQuerySet
from ordermirror.store.tables import among
from ordermirror.store.totals import amount
from ordermirror.web import formats
from ordermirror.web.filters import OrderFilters, restrict, ways_to_find
from ordermirror.web.search import Meanings

MOST_COUNTED = 1000
ZERO = Decimal(0)


class Total(NamedTuple):
    """What is pending in one currency over the whole result."""

    currency: str
    orders: int
    pending: str


@dataclass(frozen=True, slots=True)
class Result:
    """The orders that match, and how many they are; `capped`: more than `count`."""

    orders: SalesOrderQuerySet
    count: int
    totals: tuple[Total, ...]
    capped: bool = False


Sums = dict[str | None, tuple[int, Decimal]]
"""By currency: orders, and what is pending."""


def result_of(
    orders: SalesOrderQuerySet,
    company_ids: list[int],
    filters: OrderFilters,
    meanings: Meanings,
    *,
    today: date,
) -> Result:
    """One statement. `orders` are those of the companies."""
    matching = restrict(orders, filters, today=today, meanings=meanings)
    if filters.is_counted():
        return _result(matching, _counted_already(company_ids, filters))
    if filters.count:
        return _result(matching, _counted_to_the_end(matching))
    found = _found(ways_to_find(orders, filters, today=today, meanings=meanings))
    if found.cut:
        return Result(matching, min(MOST_COUNTED, len(found.orders) - 1), (), capped=True)
    sums: Sums = {}
    for currency, pending in found.orders.values():
        count, before = sums.get(currency, (0, ZERO))
        sums[currency] = count + 1, before + pending
    return _result(orders.filter(pk__in=among(found.orders)), sums)


def _result(orders: SalesOrderQuerySet, sums: Sums) -> Result:
    biggest_first = sorted(sums.items(), key=lambda item: (-item[1][0], item[0] or ""))
    totals = tuple(
        Total(currency or "", count, formats.amount(pending, currency))
        for currency, (count, pending) in biggest_first
        if count
    )
    return Result(orders, sum(total.orders for total in totals), totals)


def _counted_already(company_ids: list[int], filters: OrderFilters) -> Sums:
    kept = OrderTotal.objects.filter(company_id__in=company_ids)
    if filters.sales:
        kept = kept.filter(sales_person_code__in=filters.sales)
    if filters.status == "open":  # as `filters.with_status` says it of orders
        kept = kept.filter(is_open=True)
    elif filters.status != "all":
        kept = kept.filter(listed_as=filters.status)
    rows = kept.values_list("doc_currency").annotate(
        Sum("orders"), Sum("pending_whole"), Sum("pending_millionths")
    )
    return {
        currency: (int(orders), amount(int(whole), int(millionths)))
        for currency, orders, whole, millionths in rows
    }


def _counted_to_the_end(matching: SalesOrderQuerySet) -> Sums:
    groups = matching.order_by().values_list("doc_currency")
    rows = groups.annotate(orders=Count("pk"), pending=Sum("pending_total"))
    return {currency: (orders, pending) for currency, orders, pending in rows}


class _Found(NamedTuple):
    """Currency and pending amount of orders by key; `cut`: there may be others."""

    orders: dict[int, tuple[str | None, Decimal]]
    cut: bool


def _found(ways: list[SalesOrderQuerySet]) -> _Found:
    columns = ("pk", "doc_currency", "pending_total")
    most = MOST_COUNTED * len(ways)
    first, *others = (way.values_list(*columns) for way in ways)
    found = first.union(*others, all=True) if others else first
    rows = list(found[: most + 1])
    return _Found({key: (currency, pending) for key, currency, pending in rows}, len(rows) > most)
