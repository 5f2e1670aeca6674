"""SAP's JSON as records, exactly. Pure, and the only place that knows SAP's spelling.

Numbers are decoded as Decimals: SAP declares them as doubles but keeps six decimals, so a number
that carries more is either the noise of a double (rounded away) or not SAP's (refused).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import chain, pairwise
from operator import itemgetter
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from ordermirror.core.fetched import Base, FollowUp
from ordermirror.core.identity import Anchor
from ordermirror.errors import BadAnswer, BadOrder
from ordermirror.records import (
    CODE_LENGTH,
    DESCRIPTION_LENGTH,
    HEADER_FIELDS,
    HIGHEST_AMOUNT,
    HIGHEST_ENTRY,
    LINE_FIELDS,
    NAME_LENGTH,
    STATUS_LENGTH,
    STATUS_WORDS,
    Customer,
    Item,
    LightOrder,
    Manufacturer,
    Order,
    OrderLine,
    SalesPerson,
)

T = TypeVar("T")

_STEP = Decimal("0.000001")
_NOISE = Decimal("1e-15")
_NUL = b"\\u0000"
_NO_DATE = "a date is neither YYYY-MM-DD nor YYYY-MM-DDT00:00:00Z"
_TOO_LARGE = f"a number is too large for an amount or quantity (beyond ±{HIGHEST_AMOUNT:,})"
_SPELLED = {
    "row_total_fc": "RowTotalFC",
    "open_amount_fc": "OpenAmountFC",
    "lines": "DocumentLines",
}

Entry = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_ENTRY)]
Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
LineNum = Annotated[int, msgspec.Meta(ge=0, lt=2**20)]
Code = Annotated[str, msgspec.Meta(max_length=CODE_LENGTH)]
Name = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH)]
Description = Annotated[str, msgspec.Meta(max_length=DESCRIPTION_LENGTH)]
Status = Annotated[str, msgspec.Meta(max_length=STATUS_LENGTH)]
LongText = Annotated[str, msgspec.Meta(max_length=16_000)]


def sap_name(field: str) -> str:
    """SAP's spelling of a field: doc_entry is DocEntry."""
    return _SPELLED.get(field) or "".join(word.capitalize() for word in field.split("_"))


HEADER_SELECT = ",".join(map(sap_name, Order._fields))
WITHOUT_LINES_SELECT = ",".join(map(sap_name, HEADER_FIELDS))
LINE_SELECT = ",".join(map(sap_name, LINE_FIELDS))
LIGHT_SELECT = ",".join(map(sap_name, LightOrder._fields))
ANCHOR_SELECT = ",".join(map(sap_name, Anchor._fields))
CHANGED_SELECT = ",".join(dict.fromkeys(map(sap_name, (*LightOrder._fields, *Anchor._fields))))
FOLLOW_UP_SELECT = "DocEntry,DocumentLines"
SALES_PERSON_SELECT = ",".join(map(sap_name, SalesPerson._fields))
MANUFACTURER_SELECT = ",".join(map(sap_name, Manufacturer._fields))
ITEM_SELECT = ",".join(map(sap_name, (*Item._fields[:-1], "create_date", "update_date")))
CUSTOMER_SELECT = ",".join(map(sap_name, (*Customer._fields[:-1], "create_date", "update_date")))


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
    ship_date: str | None = None
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
    doc_date: str | None = None
    doc_due_date: str | None = None
    tax_date: str | None = None
    creation_date: str | None = None
    update_date: str | None = None
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
    update_date: str | None = None
    update_time: Code | None = None
    doc_total: Decimal | None = None


class _Anchor(msgspec.Struct, rename=sap_name, gc=False):
    doc_entry: Entry
    doc_num: Int
    creation_date: str | None = None


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


class _SalesPerson(msgspec.Struct, rename=sap_name):
    sales_employee_code: Int
    sales_employee_name: Name
    active: str | None = None


class _Manufacturer(msgspec.Struct, rename=sap_name):
    code: Int
    manufacturer_name: Name


class _Item(msgspec.Struct, rename=sap_name):
    item_code: Code
    item_name: Description | None = None
    manufacturer: Int | None = None
    create_date: str | None = None
    update_date: str | None = None


class _Customer(msgspec.Struct, rename=sap_name):
    card_code: Code
    card_name: Name | None = None
    sales_person_code: Int | None = None
    currency: Code | None = None
    phone1: Name | None = None
    create_date: str | None = None
    update_date: str | None = None


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
_sales_person_decoder = msgspec.json.Decoder(_SalesPerson)
_manufacturer_decoder = msgspec.json.Decoder(_Manufacturer)
_item_decoder = msgspec.json.Decoder(_Item)
_customer_decoder = msgspec.json.Decoder(_Customer)


def decode_page(body: bytes) -> Page:
    """Raises BadAnswer for anything but a JSON object with a `value` list and no `error`."""
    try:
        page = _page_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"SAP's answer is not a page of rows: {_described(body, exc)}") from exc
    if page.error is not msgspec.UNSET:
        raise BadAnswer("SAP answered 200 with an error inside")
    return Page(page.value, _count(page.count_v1 if page.count_v1 is not None else page.count_v2))


def decode_set_page(body: bytes) -> Page:
    """A page as above, or a bare list of rows, which says no count."""
    if body.lstrip()[:1] != b"[":
        return decode_page(body)
    try:
        return Page(_rows_decoder.decode(body), None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"SAP's answer is not a list of rows: {exc}") from exc


def decode_set_row(row: msgspec.Raw) -> SetRow:
    """Raises BadAnswer when a document has no usable DocEntry; all else is judged later."""
    try:
        wire = _set_row_decoder.decode(row)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable DocEntry: {exc}") from exc
    code, named = _readable(wire.sales_person_code, Int), _readable(wire.sales_person, _Named)
    return SetRow(
        wire.doc_entry,
        _readable(wire.doc_num, Int),
        _readable_date(wire.doc_date),
        status_word(_readable(wire.document_status, str)),
        SalesPerson(code, named.sales_employee_name, None) if named and code is not None else None,
        row,
    )


def decode_doc_entry(row: msgspec.Raw) -> int:
    try:
        return _key_decoder.decode(row).doc_entry
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable DocEntry: {exc}") from exc


def decode_line_rows(body: bytes) -> list[LineRow]:
    """Of a join of orders and their lines; raises BadAnswer."""
    try:
        page = _joined_decoder.decode(body)
        rows = [
            LineRow(
                _key_decoder.decode(row.order).doc_entry,
                _line_key_decoder.decode(row.line).line_num,
                row.order,
                row.line,
            )
            for row in page.value
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"SAP's answer is not a page of lines: {_described(body, exc)}") from exc
    if page.error is not msgspec.UNSET:
        raise BadAnswer("SAP answered 200 with an error inside")
    return rows


def decode_key(row: msgspec.Raw, name: str) -> int | str:
    """The key of a row of master data, which is a number or a text."""
    try:
        fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(fields[name], type=Int | Code)
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadAnswer(f"a row of SAP's answer has no usable {name}: {exc}") from exc


def decode_light(row: msgspec.Raw) -> LightOrder:
    """Raises ValueError when a value is not what SAP's metadata promises."""
    wire = _light_decoder.decode(row)
    return LightOrder(
        wire.doc_entry,
        _date(wire.update_date),
        _time(wire.update_time),
        status_word(wire.document_status),
        _cancelled(wire.cancelled),
        _exact(wire.doc_total),
    )


def decode_anchor(row: msgspec.Raw) -> Anchor:
    try:
        wire = _anchor_decoder.decode(row)
        return Anchor(wire.doc_entry, wire.doc_num, _date(wire.creation_date))
    except (ValueError, RecursionError) as exc:
        raise BadAnswer(f"an order's number or creation date can't be read: {exc}") from exc


def decode_card_code(row: msgspec.Raw) -> str | None:
    """Raises ValueError when it is not what SAP's metadata promises."""
    return _card_code_decoder.decode(row).card_code


def decode_follow_up(row: msgspec.Raw) -> FollowUp:
    try:
        wire = _follow_up_decoder.decode(row)
    except (ValueError, RecursionError) as exc:
        raise BadAnswer(f"a document drawn from orders can't be read: {exc}") from exc
    bases = (
        Base(line.base_type, line.base_entry)
        for line in wire.lines or ()
        if line.base_type is not None and line.base_entry is not None and line.base_entry > 0
    )
    return FollowUp(wire.doc_entry, frozenset(bases))


def decode_sales_person(row: msgspec.Raw) -> SalesPerson:
    try:
        wire = _sales_person_decoder.decode(row)
        _require_no_nul([wire.sales_employee_name])
    except (ValueError, RecursionError) as exc:
        raise BadAnswer(f"a sales person can't be read: {exc}") from exc
    active = {"tYES": True, "tNO": False}.get(wire.active or "")
    return SalesPerson(wire.sales_employee_code, wire.sales_employee_name, active)


def decode_manufacturer(row: msgspec.Raw) -> Manufacturer:
    """Raises ValueError or RecursionError, as those of items and customers, when it can't be."""
    wire = _manufacturer_decoder.decode(row)
    _require_no_nul([wire.manufacturer_name])
    return Manufacturer(wire.code, wire.manufacturer_name)


def decode_item(row: msgspec.Raw) -> Item:
    wire = _item_decoder.decode(row)
    _require_no_nul([wire.item_code, wire.item_name])
    return Item(wire.item_code, wire.item_name, wire.manufacturer, _stamped(wire))


def decode_customer(row: msgspec.Raw) -> Customer:
    wire = _customer_decoder.decode(row)
    texts = (wire.card_code, wire.card_name, wire.currency, wire.phone1)
    _require_no_nul(texts)
    return Customer(
        wire.card_code,
        wire.card_name,
        wire.sales_person_code,
        wire.currency,
        wire.phone1,
        _stamped(wire),
    )


def _stamped(wire: _Item | _Customer) -> date | None:
    """SAP leaves the day of update empty until the first one."""
    days = (_date(wire.create_date), _date(wire.update_date))
    return max((day for day in days if day), default=None)


def decode_order(doc_entry: int, payload: bytes | memoryview) -> Order:
    """Raises BadOrder, which names the field, when the document can't be taken exactly."""
    try:
        order = _order(_order_decoder.decode(payload))
        if _NUL in bytes(payload):
            _require_no_nul(chain(order[:-1], *order.lines))
    except (ValueError, RecursionError) as exc:
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
        _date(wire.doc_date),
        _date(wire.doc_due_date),
        _date(wire.tax_date),
        _date(wire.creation_date),
        _date(wire.update_date),
        _time(wire.update_time),
        wire.card_code,
        wire.card_name,
        wire.num_at_card,
        wire.doc_currency,
        _exact(wire.doc_rate),
        _exact(wire.doc_total),
        _exact(wire.doc_total_fc),
        _exact(wire.vat_sum),
        _exact(wire.vat_sum_fc),
        _exact(wire.discount_percent),
        _exact(wire.total_discount),
        _exact(wire.rounding_diff_amount),
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
        _exact(wire.quantity),
        _exact(wire.remaining_open_quantity),
        wire.measure_unit,
        _exact(wire.unit_price),
        _exact(wire.discount_percent),
        _exact(wire.price),
        wire.currency,
        _exact(wire.line_total),
        _exact(wire.row_total_fc),
        _exact(wire.tax_total),
        _exact(wire.open_amount),
        _exact(wire.open_amount_fc),
        status_word(wire.line_status),
        wire.warehouse_code,
        _date(wire.ship_date),
        wire.sales_person_code,
        wire.free_text,
        wire.tree_type,
        wire.parent_line_num,
    )


def _require_no_nul(values: Iterable[object]) -> None:
    """NUL is cut off with what follows it by SQLite, and refused by PostgreSQL."""
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise ValueError("a text holds NUL, which not every database can store")


def _exact(number: Decimal | None) -> Decimal | None:
    """The number with six decimals; a double's noise beyond them is rounded away."""
    if number is None:
        return None
    if not number.is_finite():
        raise ValueError("a number is not finite")
    try:
        exact = number.quantize(_STEP)
    except InvalidOperation as exc:
        raise ValueError(_TOO_LARGE) from exc
    if exact != number and abs(exact - number) > abs(number) * _NOISE:
        raise ValueError("a number has more than the six decimals that SAP keeps")
    if not -HIGHEST_AMOUNT <= exact <= HIGHEST_AMOUNT:
        raise ValueError(_TOO_LARGE)
    return exact


def _readable(raw: msgspec.Raw, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _readable_date(raw: msgspec.Raw) -> date | None:
    try:
        return _date(_readable(raw, str))
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def _date(value: str | None) -> date | None:
    """SAP's calendar date from 2024-01-31 or 2024-01-31T00:00:00Z; its Z is no time zone.

    Gateways also write 2024/01/31.
    """
    if value is None:
        return None
    if len(value) == 10 and value[4] == value[7] == "/":
        value = value.replace("/", "-")
    if len(value) > 10 and value[10] != "T":
        raise ValueError(_NO_DATE)
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        # Its own words quote the value.
        raise ValueError(_NO_DATE) from None


@lru_cache(maxsize=8192)
def _time(value: str | None) -> str | None:
    """HH:MM:SS from 10:52 or 10:52:00; an odd stamp stays as SAP sent it."""
    return value + ":00" if value is not None and len(value) == 5 and value[2] == ":" else value


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
    if not body.strip():
        return "it is empty"
    return "it is HTML" if body.lstrip()[:1] == b"<" else str(exc)
