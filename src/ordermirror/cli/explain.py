"""`ordermirror explain`: why an order is shown as it is, and whether that is current."""

from __future__ import annotations

from argparse import Namespace

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.cli.moments import at
from ordermirror.cli.show import orders_numbered
from ordermirror.database import require_tables
from ordermirror.explain import Explanation, explain
from ordermirror.models import SalesOrder


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(arguments.company)
    for order in orders_numbered(company, arguments.doc_num):
        _print(order, explain(company, order))
    return 0


def _print(order: SalesOrder, told: Explanation) -> None:
    output.pairs(
        f"Order {order.doc_num} (DocEntry {order.doc_entry})",
        [
            ("shown as", "cancelled" if order.cancelled else order.document_status),
            ("stamped at SAP", f"{order.update_date or '-'} {order.update_time or ''}".rstrip()),
            ("read whole", f"{at(told.read_at)} by run {told.read_by or '-'}"),
            *[(f"why {number}", reason) for number, reason in enumerate(told.reasons, 1)],
            ("current", "yes" if told.is_current else "no"),
        ],
    )
    output.table(
        "Reads by key, newest first",
        ("read", "run", "asked by", "decision", "what it showed"),
        [
            (
                at(read.read_at),
                read.run_id or "-",
                read.get_probe_display(),
                read.decision,
                read.detail,
            )
            for read in told.reads
        ],
    )
    output.table(
        "Changes, newest first",
        ("between", "and", "run", "line", "field", "from", "to"),
        [
            (
                at(change.read_from),
                at(change.read_to),
                change.run_id or "-",
                "" if change.line_num is None else change.line_num,
                change.field,
                change.old or "",
                change.new or "",
            )
            for change in told.changes
        ],
    )
