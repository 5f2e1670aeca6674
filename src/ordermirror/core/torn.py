"""Does a document look as if its header and lines were read at different moments? Pure.

A document that looks torn may be whole after all (freight is not mirrored), so it is read again
and believed when two reads agree.
"""

from __future__ import annotations

from decimal import Decimal

from ordermirror.core.totals import ZERO
from ordermirror.records import OPEN, Order

TOLERANCE = Decimal("0.05")
"""SAP rounds each line; in the company's currency, for each line and once more."""


def looks_torn(order: Order, stored: Order | None) -> bool:
    """Whether totals or statuses contradict each other, in another way than they did before."""
    if _statuses_disagree(order) and not (stored and _statuses_disagree(stored)):
        return True
    gap = imbalance(order)
    if gap is None or abs(gap) <= TOLERANCE * (len(order.lines) + 1):
        return False
    return stored is None or imbalance(stored) != gap


def imbalance(order: Order) -> Decimal | None:
    """DocTotal less what lines, discount, tax and rounding explain; None when one is not given."""
    totals = [line.line_total for line in order.lines]
    known = (order.doc_total, order.vat_sum, order.total_discount, *totals)
    if any(value is None for value in known):
        return None
    doc_total, vat, discount = order.doc_total or ZERO, order.vat_sum, order.total_discount
    explained = sum((total or ZERO for total in totals), ZERO) - (discount or ZERO) + (vat or ZERO)
    return doc_total - explained - (order.rounding_diff_amount or ZERO)


def _statuses_disagree(order: Order) -> bool:
    """An open order has an open line, a closed one has none (statuses we know, only)."""
    statuses = {line.line_status for line in order.lines}
    if not statuses <= {OPEN, "closed"}:
        return False
    if order.document_status == OPEN:
        return OPEN not in statuses
    return order.document_status == "closed" and OPEN in statuses
