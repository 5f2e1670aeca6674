"""What is pending on a line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ordermirror.core.totals import pending_amount
from tests.unit.builders import make_line


def pending(quantity, price, currency="AED", status="open"):
    line = make_line(
        remaining_open_quantity=quantity and Decimal(quantity),
        price=price and Decimal(price),
        line_status=status,
    )
    return pending_amount(line, currency)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("AED", "1.01"), ("USD", "1.01"), ("KWD", "1.005"), ("JPY", "1"), (None, "1.01")],
)
def test_the_amount_has_the_currencys_decimals(currency, amount):
    assert pending("1.000000", "1.005000", currency) == Decimal(amount)


def test_half_a_unit_is_rounded_away_from_zero():
    assert (pending("1", "0.125"), pending("-1", "0.125")) == (Decimal("0.13"), Decimal("-0.13"))


@pytest.mark.parametrize("status", ["closed", "bost_Limbo", None])
def test_nothing_is_pending_on_a_line_that_is_not_open(status):
    assert pending("1", "5", status=status) == 0


@pytest.mark.parametrize(("quantity", "price"), [(None, "5"), ("5", None), ("0", "5")])
def test_nothing_is_pending_without_quantity_or_price(quantity, price):
    assert pending(quantity, price) == 0
