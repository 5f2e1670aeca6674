"""`ordermirror show`: an order with its lines and its history."""

from __future__ import annotations

from argparse import Namespace

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.cli.moments import at
from ordermirror.core.diff import as_text
from ordermirror.database import require_tables
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Company, OrderChange, OrderRead, SalesOrder


def run(arguments: Namespace) -> int:
    require_tables()
    for order in orders_numbered(companies.to_read(arguments.company), arguments.doc_num):
        _print(order)
    return 0


def orders_numbered(company: Company, doc_num: int) -> list[SalesOrder]:
    """A number may stand for several orders of different series; raises when it is unknown."""
    orders = SalesOrder.objects.shown().filter(company=company, doc_num=doc_num)
    found = list(orders.order_by("doc_entry"))
    if not found:
        raise OrderMirrorError(f"there is no order {doc_num} in the mirror")
    return found


def _print(order: SalesOrder) -> None:
    read = OrderRead.objects.get(pk=order.pk)
    output.pairs(f"Order {order.doc_num}", [*_header(order), ("read from SAP", at(read.read_at))])
    output.table(
        "Lines",
        ("line", "item", "description", "quantity", "open", "price", "pending", "status"),
        [
            (
                line.line_num,
                line.item_code or "",
                line.item_description or "",
                *map(_text, (line.quantity, line.remaining_open_quantity, line.price)),
                _text(line.pending_amount),
                "removed" if line.removed_at else line.line_status,
            )
            for line in order.lines.order_by("visual_order", "line_num")
        ],
    )
    changes = OrderChange.objects.filter(order=order).order_by("-id")
    if changes:
        output.table(
            "History",
            ("between", "and", "run", "what", "line", "from", "to"),
            [_change(change) for change in changes],
        )


def _header(order: SalesOrder) -> list[tuple[str, object]]:
    status = "cancelled" if order.cancelled else order.document_status
    return [
        ("status", status),
        ("customer", f"{order.card_code} {order.card_name or ''}"),
        ("reference", order.num_at_card or ""),
        ("posted", _text(order.doc_date)),
        ("due", _text(order.doc_due_date)),
        ("sales person", order.sales_person_code),
        ("total", f"{_text(order.doc_total)} (company currency)"),
        ("pending", f"{_text(order.pending_total)} {order.doc_currency or ''}"),
        ("DocEntry", order.doc_entry),
    ]


def _change(change: OrderChange) -> tuple[object, ...]:
    line = "" if change.line_num is None else change.line_num
    what = f"{change.get_kind_display()}: {change.field}"
    return (
        at(change.read_from),
        at(change.read_to),
        change.run_id or "",
        what,
        line,
        change.old or "",
        change.new or "",
    )


def _text(value: object) -> str:
    return as_text(value) or ""
