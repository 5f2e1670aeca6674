"""SAP's JSON as records, exactly: pages, light rows, orders. Pure.

This and its neighbours `wire_values` and `wire_masters` alone know SAP's spelling.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from ordermirror.core.fetched import Base, FollowUp
from ordermirror.core.identity import Anchor
from ordermirror.errors import BadAnswer, BadOrder, TooMuchAtOnce
from ordermirror.records import (
    HEADER_FIELDS,
    LINE_FIELDS,
    STATUS_WORDS,
    LightOrder,
    Order,
    OrderLine,
    SalesPerson,
    ToldCustomer,
)
from ordermirror.sap.wire_masters import told_customer
from ordermirror.sap.wire_values import (
    Code,
    Date,
    Description,
    Entry,
    Int,
    LineNum,
    LongText,
    Name,
    Status,
    day,
    decoded,
    exact,
    readable,
    readable_date,
    require_no_nul,
    sap_name,
    time_of_day,
)

_NUL = b"\\u0000"

MOST_VALUES = 1 << 20
"""In one answer, so that no answer takes up much more room decoded than it did before."""
MOST_LINES = 100_000
"""In one order, counted with whatever else its JSON holds between braces."""

HEADER_SELECT = ",".join(map(sap_name, Order._fields))
WITHOUT_LINES_SELECT = ",".join(map(sap_name, HEADER_FIELDS))
LINE_SELECT = ",".join(map(sap_name, LINE_FIELDS))
LIGHT_SELECT = ",".join(map(sap_name, LightOrder._fields))
ANCHOR_SELECT = ",".join(map(sap_name, Anchor._fields))
CHANGED_SELECT = ",".join(dict.fromkeys(map(sap_name, (*LightOrder._fields, *Anchor._fields))))
FOLLOW_UP_SELECT = "DocEntry,DocumentLines"


class _Line(msgspec.Struct, rename=sap_name, gc=False):
    line_num: LineNum
    visual_order: Int | None = None
    item_code: Code | None = None
    item_description: Description | None = None
    quantity: Decimal | None = None
    remaining_open_quantity: Decimal | None = None
    measure_unit: Name | None = None
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None
    price: Decimal | None = None
    currency: Code | None = None
    line_total: Decimal | None = None
    row_total_fc: Decimal | None = None
    tax_total: Decimal | None = None
    open_amount: Decimal | None = None
    open_amount_fc: Decimal | None = None
    line_status: Status | None = None
    warehouse_code: Code | None = None
    ship_date: Date | None = None
    sales_person_code: Int | None = None
    free_text: LongText | None = None
    tree_type: Code | None = None
    parent_line_num: Int | None = None


class _Order(msgspec.Struct, rename=sap_name):
    doc_entry: Entry
    doc_num: Int
    document_status: Status | None
    cancelled: str
    lines: list[_Line]
    series: Int | None = None
    doc_type: Code | None = None
    doc_date: Date | None = None
    doc_due_date: Date | None = None
    tax_date: Date | None = None
    creation_date: Date | None = None
    update_date: Date | None = None
    update_time: Code | None = None
    card_code: Code | None = None
    card_name: Name | None = None
    num_at_card: Name | None = None
    doc_currency: Code | None = None
    doc_rate: Decimal | None = None
    doc_total: Decimal | None = None
    doc_total_fc: Decimal | None = None
    vat_sum: Decimal | None = None
    vat_sum_fc: Decimal | None = None
    discount_percent: Decimal | None = None
    total_discount: Decimal | None = None
    rounding_diff_amount: Decimal | None = None
    sales_person_code: Int | None = None
    payment_group_code: Int | None = None
    contact_person_code: Int | None = None
    ship_to_code: Code | None = None
    address: LongText | None = None
    project: Code | None = None
    comments: LongText | None = None


class _Light(msgspec.Struct, rename=sap_name, gc=False):
    doc_entry: Entry
    document_status: Status | None
    cancelled: str
    update_date: Date | None = None
    update_time: Code | None = None
    doc_total: Decimal | None = None


class _Anchor(msgspec.Struct, rename=sap_name, gc=False):
    doc_entry: Entry
    doc_num: Int
    creation_date: Date | None = None


class _CardCode(msgspec.Struct, rename=sap_name, gc=False):
    card_code: str | None = None


class _BaseLine(msgspec.Struct, rename=sap_name, gc=False):
    base_type: Int | None = None
    base_entry: Int | None = None


class _FollowUp(msgspec.Struct, rename=sap_name):
    doc_entry: Entry
    lines: list[_BaseLine] | None = None


class _Key(msgspec.Struct, rename=sap_name, gc=False):
    doc_entry: Entry


class _LineKey(msgspec.Struct, rename=sap_name, gc=False):
    line_num: LineNum


class _JoinedRow(msgspec.Struct):
    order: msgspec.Raw = msgspec.field(name="Orders")
    line: msgspec.Raw = msgspec.field(name="Orders/DocumentLines")


class _JoinedPage(msgspec.Struct):
    value: list[_JoinedRow]
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class LineRow(NamedTuple):
    """A line beside some of its order's header fields, both as raw JSON."""

    doc_entry: int
    line_num: int
    order: msgspec.Raw
    line: msgspec.Raw


class _Named(msgspec.Struct, rename=sap_name):
    sales_employee_name: Name


class _SetRow(msgspec.Struct, rename=sap_name):
    """What is looked at in a whole document before it is decoded: only the key must be sound."""

    doc_entry: Entry
    doc_num: msgspec.Raw = msgspec.Raw(b"null")
    doc_date: msgspec.Raw = msgspec.Raw(b"null")
    document_status: msgspec.Raw = msgspec.Raw(b"null")
    sales_person_code: msgspec.Raw = msgspec.Raw(b"null")
    sales_person: msgspec.Raw = msgspec.Raw(b"null")
    business_partner: msgspec.Raw = msgspec.Raw(b"null")


class _Page(msgspec.Struct):
    """Both versions' envelope: v1 counts in a string, v2 in a number or a string."""

    value: list[msgspec.Raw]
    count_v1: str | int | None = msgspec.field(default=None, name="odata.count")
    count_v2: str | int | None = msgspec.field(default=None, name="@odata.count")
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Page(msgspec.Struct):
    """A page's rows as raw JSON, and how many rows of the filter there were (None: not said)."""

    rows: list[msgspec.Raw]
    remaining: int | None


class SetRow(NamedTuple):
    """A row of a set of whole documents; None where a value is missing or can't be read."""

    doc_entry: int
    doc_num: int | None
    doc_date: date | None
    document_status: str | None
    sales_person: SalesPerson | None
    customer: ToldCustomer | None
    document: msgspec.Raw


_page_decoder = msgspec.json.Decoder(_Page)
_order_decoder = msgspec.json.Decoder(_Order)
_light_decoder = msgspec.json.Decoder(_Light)
_anchor_decoder = msgspec.json.Decoder(_Anchor)
_card_code_decoder = msgspec.json.Decoder(_CardCode)
_follow_up_decoder = msgspec.json.Decoder(_FollowUp)
_key_decoder = msgspec.json.Decoder(_Key)
_line_key_decoder = msgspec.json.Decoder(_LineKey)
_joined_decoder = msgspec.json.Decoder(_JoinedPage)
_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_set_row_decoder = msgspec.json.Decoder(_SetRow)


@cache
def _master_key_decoder(name: str) -> msgspec.json.Decoder[Any]:
    """Of one member only, since a row may hold any number of them."""
    return msgspec.json.Decoder(
        msgspec.defstruct(name, [("key", Int | Code)], rename={"key": name})
    )


def decode_page(body: bytes) -> Page:
    """Raises BadAnswer for anything but a JSON object with a `value` list and no `error`.

    Like the decoders of other answers, raises TooMuchAtOnce when there are too many values in it.
    """
    _require_room(body)
    try:
        page = decoded(_page_decoder, body)
    except ValueError as exc:
        raise BadAnswer(f"SAP's answer is not a page of rows: {_described(body, exc)}") from exc
    if page.error is not msgspec.UNSET:
        raise BadAnswer("SAP answered 200 with an error inside")
    return Page(page.value, _count(page.count_v1 if page.count_v1 is not None else page.count_v2))


def decode_set_page(body: bytes) -> Page:
    """A page as above, or a bare list of rows, which says no count."""
    if _begins(body) != b"[":
        return decode_page(body)
    _require_room(body)
    try:
        return Page(decoded(_rows_decoder, body), None)
    except ValueError as exc:
        raise BadAnswer(f"SAP's answer is not a list of rows: {exc}") from exc


def decode_set_row(row: msgspec.Raw) -> SetRow:
    """Raises BadAnswer when a document has no usable DocEntry; all else is judged later."""
    try:
        wire = decoded(_set_row_decoder, row)
    except ValueError as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable DocEntry: {exc}") from exc
    code, named = readable(wire.sales_person_code, Int), readable(wire.sales_person, _Named)
    return SetRow(
        wire.doc_entry,
        readable(wire.doc_num, Int),
        readable_date(wire.doc_date),
        status_word(readable(wire.document_status, str)),
        SalesPerson(code, named.sales_employee_name, None) if named and code is not None else None,
        told_customer(wire.business_partner),
        row,
    )


def decode_doc_entry(row: msgspec.Raw) -> int:
    try:
        return decoded(_key_decoder, row).doc_entry
    except ValueError as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable DocEntry: {exc}") from exc


def decode_line_rows(body: bytes) -> list[LineRow]:
    """Of a join of orders and their lines; raises BadAnswer."""
    _require_room(body)
    try:
        page = decoded(_joined_decoder, body)
        rows = [
            LineRow(
                decoded(_key_decoder, row.order).doc_entry,
                decoded(_line_key_decoder, row.line).line_num,
                row.order,
                row.line,
            )
            for row in page.value
        ]
    except ValueError as exc:
        raise BadAnswer(f"SAP's answer is not a page of lines: {_described(body, exc)}") from exc
    if page.error is not msgspec.UNSET:
        raise BadAnswer("SAP answered 200 with an error inside")
    return rows


def decode_key(row: msgspec.Raw, name: str) -> int | str:
    """The key of a row of master data, which is a number or a text."""
    try:
        key: int | str = decoded(_master_key_decoder(name), row).key
    except ValueError as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable {name}: {exc}") from exc
    return key


MOST_DIGITS = 18
"""Of a count; Python refuses to read numbers of thousands of them."""


def decode_count(body: bytes) -> int:
    """The bare number that `$count` answers, as text; raises BadAnswer."""
    text = body.removeprefix(codecs.BOM_UTF8).strip()
    if not text.isdigit() or len(text) > MOST_DIGITS:
        raise BadAnswer("SAP's count of orders is not a number")
    return int(text)


def decode_light(row: msgspec.Raw) -> LightOrder:
    """Raises ValueError when a value is not what SAP's metadata promises."""
    wire = decoded(_light_decoder, row)
    return LightOrder(
        wire.doc_entry,
        day(wire.update_date),
        time_of_day(wire.update_time),
        status_word(wire.document_status),
        _cancelled(wire.cancelled),
        exact(wire.doc_total),
    )


def decode_anchor(row: msgspec.Raw) -> Anchor:
    try:
        wire = decoded(_anchor_decoder, row)
        return Anchor(wire.doc_entry, wire.doc_num, day(wire.creation_date))
    except ValueError as exc:
        raise BadAnswer(f"an order's number or creation date can't be read: {exc}") from exc


def decode_card_code(row: msgspec.Raw) -> str | None:
    """Raises ValueError when it is not what SAP's metadata promises."""
    return decoded(_card_code_decoder, row).card_code


def decode_follow_up(row: msgspec.Raw) -> FollowUp:
    try:
        wire = decoded(_follow_up_decoder, row)
    except ValueError as exc:
        raise BadAnswer(f"a document drawn from orders can't be read: {exc}") from exc
    bases = (
        Base(line.base_type, line.base_entry)
        for line in wire.lines or ()
        if line.base_type is not None and line.base_entry is not None and line.base_entry > 0
    )
    return FollowUp(wire.doc_entry, frozenset(bases))


def decode_order(doc_entry: int, payload: bytes | memoryview) -> Order:
    """Raises BadOrder, which names the field, when the document can't be taken exactly."""
    content = bytes(payload)
    try:
        _require_few_lines(content)
        order = _order(decoded(_order_decoder, content))
        if _NUL in content:
            require_no_nul(chain(order[:-1], *order.lines))
    except ValueError as exc:
        raise BadOrder(doc_entry, "decode", str(exc)) from exc
    return order


def status_word(status: str | None) -> str | None:
    """Our word for a BoStatus member; anything else stays as SAP sent it."""
    return STATUS_WORDS.get(status, status) if status is not None else None


def _order(wire: _Order) -> Order:
    return Order(
        wire.doc_entry,
        wire.doc_num,
        wire.series,
        wire.doc_type,
        day(wire.doc_date),
        day(wire.doc_due_date),
        day(wire.tax_date),
        day(wire.creation_date),
        day(wire.update_date),
        time_of_day(wire.update_time),
        wire.card_code,
        wire.card_name,
        wire.num_at_card,
        wire.doc_currency,
        exact(wire.doc_rate),
        exact(wire.doc_total),
        exact(wire.doc_total_fc),
        exact(wire.vat_sum),
        exact(wire.vat_sum_fc),
        exact(wire.discount_percent),
        exact(wire.total_discount),
        exact(wire.rounding_diff_amount),
        wire.sales_person_code,
        wire.payment_group_code,
        wire.contact_person_code,
        wire.ship_to_code,
        wire.address,
        wire.project,
        wire.comments,
        status_word(wire.document_status),
        _cancelled(wire.cancelled),
        _lines(wire.lines),
    )


def _lines(wire: Sequence[_Line]) -> tuple[OrderLine, ...]:
    lines = sorted(map(_line, wire), key=itemgetter(0))
    for first, second in pairwise(lines):
        if first.line_num == second.line_num:
            raise ValueError(f"LineNum {first.line_num} occurs twice")
    return tuple(lines)


def _line(wire: _Line) -> OrderLine:
    return OrderLine(
        wire.line_num,
        wire.visual_order,
        wire.item_code,
        wire.item_description,
        exact(wire.quantity),
        exact(wire.remaining_open_quantity),
        wire.measure_unit,
        exact(wire.unit_price),
        exact(wire.discount_percent),
        exact(wire.price),
        wire.currency,
        exact(wire.line_total),
        exact(wire.row_total_fc),
        exact(wire.tax_total),
        exact(wire.open_amount),
        exact(wire.open_amount_fc),
        status_word(wire.line_status),
        wire.warehouse_code,
        day(wire.ship_date),
        wire.sales_person_code,
        wire.free_text,
        wire.tree_type,
        wire.parent_line_num,
    )


def _cancelled(value: str) -> bool:
    if value not in ("tYES", "tNO"):
        raise ValueError("Cancelled is neither tYES nor tNO")
    return value == "tYES"


def _count(count: str | int | None) -> int | None:
    if count is None:
        return None
    try:
        return int(count)
    except ValueError as exc:
        raise BadAnswer("SAP's count of rows is not a number") from exc


def _described(body: bytes, exc: Exception) -> str:
    if not body or body.isspace():
        return "it is empty"
    return "it is HTML" if _begins(body) == b"<" else str(exc)


def _begins(body: bytes) -> bytes:
    """Its first character that is no blank, as far as one is near."""
    return body[:1024].lstrip()[:1]


def _require_room(body: bytes) -> None:
    """Objects take many times the room of the `1,` or `{},` that they are decoded from."""
    if len(body) > MOST_VALUES and body.count(b",") > MOST_VALUES:
        raise TooMuchAtOnce(f"SAP's answer has more than {MOST_VALUES:,} values")


def _require_few_lines(payload: bytes) -> None:
    if len(payload) > MOST_LINES and payload.count(b"{") > MOST_LINES:
        raise ValueError(f"it has more than {MOST_LINES:,} lines")
