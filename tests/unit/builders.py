"""Orders and lines of which a test shows only what matters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ordermirror.records import Order, OrderLine


def make_line(line_num=0, **fields):
    values = dict.fromkeys(OrderLine._fields) | {
        "line_num": line_num,
        "item_code": f"ITEM-{line_num}",
        "quantity": Decimal("10.000000"),
        "remaining_open_quantity": Decimal("4.000000"),
        "price": Decimal("2.500000"),
        "line_status": "open",
    }
    return OrderLine(**values | fields)


def make_order(**fields):
    values = dict.fromkeys(Order._fields) | {
        "doc_entry": 1,
        "doc_num": 1001,
        "update_date": date(2026, 1, 5),
        "update_time": "10:00:00",
        "doc_currency": "AED",
        "doc_total": Decimal("100.000000"),
        "document_status": "open",
        "cancelled": False,
        "lines": (make_line(),),
    }
    return Order(**values | fields)
