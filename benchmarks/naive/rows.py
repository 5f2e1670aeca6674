"""SAP's documents as rows of the baselines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from benchmarks.naive.feed import Document
from benchmarks.naive.models import Line, Order

ZERO = Decimal(0)
OPEN, CLOSED = "bost_Open", "bost_Close"

ORDER_FIELDS = [
    field.name for field in Order._meta.concrete_fields if field.name not in ("id", "doc_entry")
]
LINE_FIELDS = [
    field.name
    for field in Line._meta.concrete_fields
    if field.name not in ("id", "order", "line_num")
]


def fill(order: Order, document: Document) -> Order:
    order.doc_entry = document["DocEntry"]
    order.doc_num = document["DocNum"]
    order.doc_date = _day(document["DocDate"])
    order.doc_due_date = _day(document["DocDueDate"])
    order.update_date = _day(document["UpdateDate"])
    order.card_code = document["CardCode"] or ""
    order.card_name = document["CardName"] or ""
    order.num_at_card = document["NumAtCard"] or ""
    order.doc_currency = document["DocCurrency"] or ""
    order.doc_rate = _number(document["DocRate"])
    order.doc_total = _number(document["DocTotal"])
    order.vat_sum = _number(document["VatSum"])
    order.discount_percent = _number(document["DiscountPercent"])
    order.sales_person_code = document["SalesPersonCode"]
    order.comments = document["Comments"] or ""
    order.address = document["Address"] or ""
    order.document_status = document["DocumentStatus"]
    order.cancelled = document["Cancelled"] == "tYES"
    return order


def lines_of(
    order_id: int, document: Document, manufacturer_of: Callable[[str], str]
) -> list[Line]:
    return [_line(order_id, line, manufacturer_of) for line in document["DocumentLines"]]


def _line(order_id: int, line: Document, manufacturer_of: Callable[[str], str]) -> Line:
    item = line["ItemCode"] or ""
    remaining, price = _number(line["RemainingOpenQuantity"]), _number(line["Price"])
    still_open = line["LineStatus"] == OPEN
    return Line(
        order_id=order_id,
        line_num=line["LineNum"],
        item_code=item,
        item_description=line["ItemDescription"] or "",
        manufacturer_name=manufacturer_of(item),
        quantity=_number(line["Quantity"]),
        remaining_open_quantity=remaining,
        price=price,
        currency=line["Currency"] or "",
        line_total=_number(line["LineTotal"]),
        open_amount=_number(line["OpenAmount"]),
        line_status=line["LineStatus"],
        warehouse_code=line["WarehouseCode"] or "",
        ship_date=_day(line["ShipDate"]),
        free_text=line["FreeText"] or "",
        pending_amount=(remaining or ZERO) * (price or ZERO) if still_open else ZERO,
    )


def _number(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None
