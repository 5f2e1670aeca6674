"""Amounts of documents and their lines, reckoned the way SAP Business One reckons them.

Local currency is AED, system currency USD. A document in foreign currency is priced in it: its
`...FC` amounts are exact and the local ones are converted. In a local document they are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal("0.0")
ONE = Decimal("1.0")
_TENTH = Decimal("0.1")
_HUNDRED = Decimal(100)
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    code: str
    unit: Decimal
    """The smallest amount: 0.01, or 0.001 for the Kuwaiti dinar."""


LOCAL = Currency(code="AED", unit=Decimal("0.01"))
USD = Currency(code="USD", unit=Decimal("0.01"))
KWD = Currency(code="KWD", unit=Decimal("0.001"))
CURRENCIES = {currency.code: currency for currency in (LOCAL, USD, KWD)}
SYSTEM_RATE = Decimal("3.6725")


def exact(value: Decimal) -> Decimal:
    """As SAP writes doubles: shortest, but always with a decimal digit (1050.0, 33.333333)."""
    short = value.normalize()
    return short if short != short.to_integral_value() else short.quantize(_TENTH)


def rounded(value: Decimal, unit: Decimal) -> Decimal:
    return exact(value.quantize(unit, ROUND_HALF_UP))


def reckon_line(line: dict[str, Any], document: dict[str, Any]) -> None:
    """Fill in a line's amounts from its quantity, unit price, discount and tax rate.

    LineTotal is after the line's discount and before the document's; tax is after both.
    """
    currency = CURRENCIES[document["DocCurrency"]]
    price = line["UnitPrice"]
    if line["DiscountPercent"]:
        price = rounded(price * (_HUNDRED - line["DiscountPercent"]) / _HUNDRED, _MICRO)
    quantity = line["Quantity"] or ONE  # a service line may have no quantity
    total = rounded(price * quantity, currency.unit)
    tax_share = line["TaxPercentagePerRow"] / _HUNDRED
    line["Price"] = price
    line["PriceAfterVAT"] = rounded(price * (1 + tax_share), _MICRO)
    if currency is LOCAL:
        line["LineTotal"], line["RowTotalFC"] = total, ZERO
    else:
        line["LineTotal"] = rounded(total * document["DocRate"], LOCAL.unit)
        line["RowTotalFC"] = total
    _reckon_tax(line, document, tax_share, currency)
    reckon_open_amounts(line, currency)


def reckon_open_amounts(line: dict[str, Any], currency: Currency) -> None:
    """OpenAmount is the share of LineTotal that is still to be delivered."""
    remaining, quantity = line["RemainingOpenQuantity"], line["Quantity"]
    if line["LineStatus"] != "bost_Open":
        line["OpenAmount"] = line["OpenAmountFC"] = ZERO
    elif remaining == quantity:
        line["OpenAmount"], line["OpenAmountFC"] = line["LineTotal"], line["RowTotalFC"]
    else:
        share = remaining / quantity
        line["OpenAmount"] = rounded(line["LineTotal"] * share, LOCAL.unit)
        line["OpenAmountFC"] = rounded(line["RowTotalFC"] * share, currency.unit)


def reckon_document(document: dict[str, Any]) -> None:
    """Sum up a header: DocTotal = lines - TotalDiscount + VatSum + RoundingDiffAmount."""
    lines = document["DocumentLines"]
    currency = CURRENCIES[document["DocCurrency"]]
    share = document["DiscountPercent"] / _HUNDRED
    net = sum([line["LineTotal"] for line in lines], ZERO)
    tax = sum([line["TaxTotal"] for line in lines], ZERO)
    discount = rounded(net * share, LOCAL.unit) if share else ZERO
    total = net - discount + tax
    difference = ZERO
    if document["Rounding"] == "tYES" and currency is LOCAL:
        difference = total.quantize(Decimal(1), ROUND_HALF_UP) - total
    document["TotalDiscount"] = discount
    document["VatSum"] = exact(tax)
    document["RoundingDiffAmount"] = exact(difference)
    document["DocTotal"] = exact(total + difference)
    document["DocTotalSys"] = rounded(document["DocTotal"] / SYSTEM_RATE, USD.unit)
    document["DocTotalFc"] = document["VatSumFc"] = document["TotalDiscountFC"] = ZERO
    if currency is not LOCAL:
        _reckon_foreign(document, currency, share)


def _reckon_tax(
    line: dict[str, Any], document: dict[str, Any], tax_share: Decimal, currency: Currency
) -> None:
    if not tax_share:
        line["TaxTotal"] = line["NetTaxAmountFC"] = ZERO
        line["GrossTotal"] = line["LineTotal"]
        return
    discount = document["DiscountPercent"]
    if discount:
        tax_share = tax_share * (_HUNDRED - discount) / _HUNDRED
    line["TaxTotal"] = rounded(line["LineTotal"] * tax_share, LOCAL.unit)
    foreign = line["RowTotalFC"]
    line["NetTaxAmountFC"] = rounded(foreign * tax_share, currency.unit) if foreign else ZERO
    line["GrossTotal"] = exact(line["LineTotal"] + line["TaxTotal"])


def _reckon_foreign(document: dict[str, Any], currency: Currency, share: Decimal) -> None:
    lines = document["DocumentLines"]
    net = sum([line["RowTotalFC"] for line in lines], ZERO)
    tax = sum([line["NetTaxAmountFC"] for line in lines], ZERO)
    discount = rounded(net * share, currency.unit) if share else ZERO
    document["TotalDiscountFC"] = discount
    document["VatSumFc"] = exact(tax)
    document["DocTotalFc"] = exact(net - discount + tax)
