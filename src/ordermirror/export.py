"""Mirrored orders as plain objects, in SAP's names: what exports, and later the API, hand out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, ExpressionWrapper, F

from ordermirror.core.diff import as_text
from ordermirror.models import OrderLine, SalesOrder, line_id, order_id
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, OPEN
from ordermirror.snapshot import snapshot

ORDERS_AT_ONCE = 500
_ORDER = (*HEADER_FIELDS, "pending_total")
_LINE = (*LINE_FIELDS, "pending_amount", "manufacturer_code", "removed_at")
LINES_AT_ONCE = 2000
_LINE_ALONE = (
    "order__doc_entry",
    "order__doc_num",
    "order__doc_date",
    "order__card_code",
    "order__card_name",
    "order__doc_currency",
    *LINE_FIELDS,
    "pending_amount",
    "manufacturer_code",
)


def exported_orders(company_id: int, *, open_only: bool = False) -> Iterator[dict[str, Any]]:
    """Every order that is shown, with its lines, ascending by doc_entry, all of one moment.

    Numbers are exact decimal strings, dates ISO dates. Lines that SAP no longer sends come with
    `removed_at`, the moment that was noticed (UTC); the others have None there.
    """
    with snapshot():
        after = order_id(company_id, 0)
        last = order_id(company_id + 1, 0)
        orders = SalesOrder.objects.shown()
        orders = orders.open() if open_only else orders
        while True:
            rows = list(
                orders.filter(id__gt=after, id__lt=last)
                .order_by("id")
                .values_list("id", *_ORDER)[:ORDERS_AT_ONCE]
            )
            if not rows:
                return
            lines = _lines([row[0] for row in rows])
            for key, *values in rows:
                order = dict(zip(_ORDER, map(_plain, values), strict=True))
                yield {**order, "lines": lines.get(key, [])}
            after = rows[-1][0]


def exported_lines(
    company_id: int, *, open_only: bool = False, item: str | None = None, most: int | None = None
) -> Iterator[dict[str, Any]]:
    """Lines that SAP sends now, each with what tells whose it is.

    In the order of orders and lines; open lines by the amount pending, the largest first. `item`
    is an ItemCode to the letter, `most` the largest number of lines.
    """
    first, beyond = (line_id(order_id(it, 0), 0) for it in (company_id, company_id + 1))
    lines = OrderLine.objects.filter(removed_at=None, order__hidden=False)
    if item is not None:
        lines = lines.filter(item_code=item)
    if open_only:
        # By a sum, lest SQLite reads the company's lines by their key and sorts them.
        key = ExpressionWrapper(F("id") + 0, BigIntegerField())
        lines = lines.alias(key=key).filter(key__gte=first, key__lt=beyond)
        lines = lines.filter(line_status=OPEN).order_by("-pending_amount", "-id")
    else:
        lines = lines.filter(id__gte=first, id__lt=beyond).order_by("id")
    names = [name.removeprefix("order__") for name in _LINE_ALONE]
    with snapshot():
        for values in lines.values_list(*_LINE_ALONE)[:most].iterator(LINES_AT_ONCE):
            yield dict(zip(names, map(_plain, values), strict=True))


def _lines(orders: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The lines of these orders, which are ascending, by order."""
    wanted = set(orders)
    found: dict[int, list[dict[str, Any]]] = {}
    rows = OrderLine.objects.filter(order__gte=orders[0], order__lte=orders[-1]).order_by("id")
    for order, *values in rows.values_list("order_id", *_LINE):
        if order in wanted:
            line = dict(zip(_LINE, map(_plain, values), strict=True))
            found.setdefault(order, []).append(line)
    return found


def _plain(value: Any) -> Any:
    """Numbers stay numbers unless they are decimals, which are exact only as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else as_text(value)
