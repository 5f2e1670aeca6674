"""What is still pending on an order, defined once. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from ordermirror.core.currency import decimals_of
from ordermirror.errors import BadOrder
from ordermirror.records import HIGHEST_AMOUNT, OPEN, Order, OrderLine

ZERO = Decimal("0.000000")
_STEPS = {decimals: Decimal(1).scaleb(-decimals) for decimals in range(4)}
_SIX = Decimal("0.000001")
_ROOMY = Context(prec=60)
"""Twice nineteen digits and more: a product is never rounded before it is rounded on purpose."""


def pending_total(order: Order) -> Decimal:
    """What is pending on all lines of an order.

    Raises BadOrder when it, or the amount of a line, is beyond what is stored.
    """
    total = ZERO
    for line in order.lines:
        amount = pending_amount(line, order.doc_currency)
        if not -HIGHEST_AMOUNT <= amount <= HIGHEST_AMOUNT:
            raise BadOrder(order.doc_entry, "totals", _too_large(f"line {line.line_num}"))
        total += amount
    if not -HIGHEST_AMOUNT <= total <= HIGHEST_AMOUNT:
        raise BadOrder(order.doc_entry, "totals", _too_large("the order"))
    return total


def pending_amount(line: OrderLine, currency: str | None) -> Decimal:
    """Remaining open quantity x price of an open line, to the decimals of the order's currency.

    0 for a line that is not open, or whose quantity or price SAP does not give. Half a unit of
    the last decimal is rounded away from zero, as SAP Business One rounds amounts.
    """
    quantity, price = line.remaining_open_quantity, line.price
    if line.line_status != OPEN or not quantity or not price:
        return ZERO
    return worth(quantity, price, currency).quantize(_SIX, context=_ROOMY)


def worth(quantity: Decimal, price: Decimal, currency: str | None) -> Decimal:
    """Their product, to the decimals of the currency."""
    step = _STEPS[decimals_of(currency)]
    return _ROOMY.multiply(quantity, price).quantize(step, ROUND_HALF_UP, _ROOMY)


def _too_large(what: str) -> str:
    return f"the amount pending on {what} is beyond ±{HIGHEST_AMOUNT:,}"
