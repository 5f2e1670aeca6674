"""What is still pending on an order, defined once. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from ordermirror.core.currency import decimals_of
from ordermirror.records import OPEN, OrderLine

ZERO = Decimal("0.000000")
_STEPS = {decimals: Decimal(1).scaleb(-decimals) for decimals in range(4)}
_SIX = Decimal("0.000001")


def pending_amount(line: OrderLine, currency: str | None) -> Decimal:
    """Remaining open quantity x price of an open line, to the decimals of the order's currency.

    0 for a line that is not open, or whose quantity or price SAP does not give. Half a unit of
    the last decimal is rounded away from zero, as SAP Business One rounds amounts.
    """
    quantity, price = line.remaining_open_quantity, line.price
    if line.line_status != OPEN or not quantity or not price:
        return ZERO
    amount = (quantity * price).quantize(_STEPS[decimals_of(currency)], ROUND_HALF_UP)
    return amount.quantize(_SIX)
