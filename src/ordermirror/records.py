"""Sales orders as typed values, in SAP's names in snake_case. Standard library only.

Named tuples, not dataclasses: a first load makes one for every line, and a tuple is made and
compared several times faster (docs/decisions.md). Money and quantities are Decimals with exactly
six decimals, as SAP Business One stores them; dates carry no zone; None is SAP's null.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

# The longest texts that are stored, in characters; SAP's own columns are shorter.
CODE_LENGTH = 50
NAME_LENGTH = 200
DESCRIPTION_LENGTH = 300
STATUS_LENGTH = 50

HIGHEST_ENTRY = 2**31 - 1
"""DocEntry is a positive 32-bit number at SAP."""

HIGHEST_AMOUNT = Decimal("9999999999999.999999")
"""The largest money amount or quantity, and its negative, that is stored: 19 digits, 6 decimals."""

OPEN = "open"
STATUS_WORDS = {
    "bost_Open": OPEN,
    "bost_Close": "closed",
    "bost_Paid": "paid",
    "bost_Delivered": "delivered",
}
"""SAP's BoStatus members and our words for them; any other text is kept as SAP sent it."""


class OrderLine(NamedTuple):
    """A row of DocumentLines. `line_num` is its identity in the order, `visual_order` its place."""

    line_num: int
    visual_order: int | None
    item_code: str | None
    item_description: str | None
    quantity: Decimal | None
    remaining_open_quantity: Decimal | None
    measure_unit: str | None
    unit_price: Decimal | None
    discount_percent: Decimal | None
    price: Decimal | None
    currency: str | None
    line_total: Decimal | None
    row_total_fc: Decimal | None
    tax_total: Decimal | None
    open_amount: Decimal | None
    open_amount_fc: Decimal | None
    line_status: str | None
    warehouse_code: str | None
    ship_date: date | None
    sales_person_code: int | None
    free_text: str | None
    tree_type: str | None
    parent_line_num: int | None


class Order(NamedTuple):
    """A sales order with its lines, ascending by `line_num`.

    `doc_total` and `vat_sum` are in the company's currency, the `_fc` twins in the order's.
    `update_time` is SAP's text, `HH:MM:SS` where it can be read as a time.
    """

    doc_entry: int
    doc_num: int
    series: int | None
    doc_type: str | None
    doc_date: date | None
    doc_due_date: date | None
    tax_date: date | None
    creation_date: date | None
    update_date: date | None
    update_time: str | None
    card_code: str | None
    card_name: str | None
    num_at_card: str | None
    doc_currency: str | None
    doc_rate: Decimal | None
    doc_total: Decimal | None
    doc_total_fc: Decimal | None
    vat_sum: Decimal | None
    vat_sum_fc: Decimal | None
    discount_percent: Decimal | None
    total_discount: Decimal | None
    rounding_diff_amount: Decimal | None
    sales_person_code: int | None
    payment_group_code: int | None
    contact_person_code: int | None
    ship_to_code: str | None
    address: str | None
    project: str | None
    comments: str | None
    document_status: str | None
    cancelled: bool
    lines: tuple[OrderLine, ...]


class LightOrder(NamedTuple):
    """The few header fields that tell whether an order may have changed."""

    doc_entry: int
    update_date: date | None
    update_time: str | None
    document_status: str | None
    cancelled: bool
    doc_total: Decimal | None


class SalesPerson(NamedTuple):
    """A sales employee; SAP's code -1 is "-No Sales Employee-"."""

    sales_employee_code: int
    sales_employee_name: str
    active: bool | None


NO_MANUFACTURER = -1
"""The code of SAP's row "- No Manufacturer -"."""


class Item(NamedTuple):
    """What is sold. `manufacturer` is a Manufacturer's code; SAP's -1 is "- No Manufacturer -".

    `stamped` is the later of the days on which SAP created and last updated it; None when it says
    neither.
    """

    item_code: str
    item_name: str | None
    manufacturer: int | None
    stamped: date | None


class Manufacturer(NamedTuple):
    code: int
    manufacturer_name: str


class Customer(NamedTuple):
    """A business partner that is sold to; `stamped` as an item's."""

    card_code: str
    card_name: str | None
    sales_person_code: int | None
    currency: str | None
    phone1: str | None
    stamped: date | None


class ToldCustomer(NamedTuple):
    """What came with an order of its customer: some of a Customer's fields, by name."""

    card_code: str
    told: Mapping[str, str | int | None]


HEADER_FIELDS = Order._fields[:-1]
LINE_FIELDS = OrderLine._fields


def light_of(order: Order) -> LightOrder:
    return LightOrder(
        order.doc_entry,
        order.update_date,
        order.update_time,
        order.document_status,
        order.cancelled,
        order.doc_total,
    )
