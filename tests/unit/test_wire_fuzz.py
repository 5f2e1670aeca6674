"""Whatever SAP, or something in its place, sends: a typed result or the documented error."""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from types import UnionType
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordermirror.core.fetched import FollowUp
from ordermirror.core.identity import Anchor
from ordermirror.errors import BadAnswer, BadOrder, TooMuchAtOnce
from ordermirror.records import (
    Customer,
    Item,
    LightOrder,
    Manufacturer,
    Order,
    OrderLine,
    SalesPerson,
)
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.render import encode
from ordermirror.sap import wire, wire_masters

SANDBOX = Sandbox(SandboxOptions(orders=3, max_lines=2, seed=5, today=date(2026, 1, 5)))
VALID = encode(SANDBOX.orders()[0])
PAGE = b'{"odata.count":"1","value":[' + VALID + b"]}"
DEEP = b"[" * 100_000 + b"]" * 100_000
DIGITS = b"9" * 5000

HEADER = [wire.sap_name(field) for field in Order._fields]
LINE = [wire.sap_name(field) for field in OrderLine._fields]
WRONG = [
    b"null", b"true", b'"text"', b"12", b"-1", b"1.5", b"[]", b"{}", b"[[]]", b'"\\u0000"',
    b"1e999", b"-1e-999", b"NaN", b"Infinity", DIGITS, b"0." + DIGITS, b'"' + DIGITS + b'"',
    b'"2026-02-30"', b'"0000-00-00"', b'"2026-01-05 10:00"', b'"\xff\xfe"', DEEP,
    b"99999999999999999999", b'"' + b"x" * 20_000 + b'"',
]  # fmt: skip
BROKEN = {
    "nothing": b"",
    "blanks": b" \n ",
    "half a document": VALID[: len(VALID) // 2],
    "a number": b"1",
    "not a number": b"NaN",
    "nested deeply": DEEP,
    "keys nested deeply": b'{"DocEntry":' * 100_000 + b"1" + b"}" * 100_000,
    "a byte order mark": b"\xef\xbb\xbf" + VALID,
    "HTML": b"<html><body>Sign in</body></html>",
    "two documents": VALID + VALID,
    "UTF-16": VALID.decode().encode("utf-16"),
}
SECONDS = 2.0


class Decoder(NamedTuple):
    """`allowed` is what it may raise; `kind` is what it returns otherwise."""

    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...]
    kind: type | UnionType
    valid: bytes


def of_row(decode: Callable[[msgspec.Raw], object]) -> Callable[[bytes], object]:
    return lambda content: decode(msgspec.Raw(content))


LIGHT = encode(
    {name: SANDBOX.orders()[0][name] for name in [*wire.LIGHT_SELECT.split(","), "CardCode"]}
)
JOINED = b'{"value":[{"Orders":' + LIGHT + b',"Orders/DocumentLines":{"LineNum":0}}]}'
FOLLOW_UP = b'{"DocEntry":1,"DocumentLines":[{"BaseType":17,"BaseEntry":2,"LineNum":0}]}'


def master(entity: str) -> bytes:
    return encode(next(iter(SANDBOX.company.tables[entity])))


DECODERS = {
    "page": Decoder(wire.decode_page, (BadAnswer,), wire.Page, PAGE),
    "set page": Decoder(wire.decode_set_page, (BadAnswer,), wire.Page, b"[" + VALID + b"]"),
    "set row": Decoder(of_row(wire.decode_set_row), (BadAnswer,), wire.SetRow, VALID),
    "line rows": Decoder(wire.decode_line_rows, (BadAnswer,), list, JOINED),
    "entry": Decoder(of_row(wire.decode_doc_entry), (BadAnswer,), int, LIGHT),
    "anchor": Decoder(of_row(wire.decode_anchor), (BadAnswer,), Anchor, VALID),
    "follow-up": Decoder(of_row(wire.decode_follow_up), (BadAnswer,), FollowUp, FOLLOW_UP),
    "card code": Decoder(of_row(wire.decode_card_code), (ValueError,), str | None, LIGHT),
    "key": Decoder(
        of_row(partial(wire.decode_key, name="ItemCode")), (BadAnswer,), int | str, master("Items")
    ),
    "light row": Decoder(of_row(wire.decode_light), (ValueError,), LightOrder, LIGHT),
    "order": Decoder(partial(wire.decode_order, 1), (BadOrder,), Order, VALID),
    "sales person": Decoder(
        of_row(wire_masters.decode_sales_person),
        (BadAnswer,),
        SalesPerson,
        master("SalesPersons"),
    ),
    "manufacturer": Decoder(
        of_row(wire_masters.decode_manufacturer),
        (ValueError,),
        Manufacturer,
        master("Manufacturers"),
    ),
    "item": Decoder(of_row(wire_masters.decode_item), (ValueError,), Item, master("Items")),
    "customer": Decoder(
        of_row(wire_masters.decode_customer), (ValueError,), Customer, master("BusinessPartners")
    ),
}
COUNT = Decoder(wire.decode_count, (BadAnswer,), int, b"12")
"""No JSON, so it is tried by itself."""
each_decoder = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS.keys())


def taken(decoder: Decoder, content: bytes) -> Any:
    """The result, or None for a declared error; anything else fails the test."""
    started = time.process_time()
    try:
        result = decoder.read(content)
    except decoder.allowed:
        return None
    finally:
        assert time.process_time() - started < SECONDS
    assert isinstance(result, decoder.kind)
    return result


def order_of(payload: bytes) -> Order | None:
    return taken(DECODERS["order"], payload)


def light_of(payload: bytes) -> LightOrder | None:
    return taken(DECODERS["light row"], payload)


def check_order(order: Order | None) -> None:
    if order is None:
        return
    assert isinstance(order, Order)
    assert [line.line_num for line in order.lines] == sorted({x.line_num for x in order.lines})
    for value in (*order[:-1], *(value for line in order.lines for value in line)):
        assert value is None or isinstance(value, int | str | date | Decimal)
        if isinstance(value, Decimal):
            assert value.is_finite()
            assert value.as_tuple().exponent == -6


@each_decoder
def test_what_is_right_is_taken(decoder):
    assert taken(decoder, decoder.valid) is not None


def test_every_decoder_is_tried():
    named = {
        getattr(module, name)
        for module in (wire, wire_masters)
        for name in dir(module)
        if name.startswith("decode_")
    }

    assert len(named) == len([*DECODERS, COUNT])


@given(content=st.binary(max_size=30) | st.from_regex(rb"\s*\d{0,30}\s*", fullmatch=True))
def test_any_bytes_are_a_count_or_refused(content):
    taken(COUNT, content)


@pytest.mark.parametrize("content", [b"", b"-1", b"1.0", b"1e3", b"9" * 5000, "²".encode(), DEEP])
def test_what_is_no_count_is_refused(content):
    with pytest.raises(BadAnswer):
        wire.decode_count(content)


@each_decoder
@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(decoder, content):
    taken(decoder, content)


@each_decoder
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_right_but_for_some_bytes_is_taken_or_refused(decoder, data):
    start = data.draw(st.integers(0, len(decoder.valid) - 1))
    length, instead = data.draw(st.integers(1, 40)), data.draw(st.binary(max_size=12))

    taken(decoder, decoder.valid[:start] + instead + decoder.valid[start + length :])


@each_decoder
def test_a_wrong_value_in_any_member_is_taken_or_refused(decoder):
    members = re.findall(rb'"([\w./@]+)":', decoder.valid)
    assert members

    for member in dict.fromkeys(members):
        before, _, after = decoder.valid.partition(b'"' + member + b'":')
        for value in WRONG:
            taken(decoder, before + b'"' + member + b'":' + value + b',"Was":' + after)


@each_decoder
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_refused(decoder, content):
    with pytest.raises(decoder.allowed):
        decoder.read(content)


def test_a_document_with_a_name_in_bad_utf8_is_refused():
    with pytest.raises(BadOrder):
        wire.decode_order(1, VALID.replace(b"DocNum", b"Doc\xff\xfeNum"))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PAGE) - 1), st.integers(1, 40), st.binary(max_size=12))
def test_the_rows_of_a_page_with_some_bytes_changed_are_taken_or_refused(start, length, instead):
    body = PAGE[:start] + instead + PAGE[start + length :]

    page = taken(DECODERS["page"], body)

    for row in page.rows if page else ():
        taken(DECODERS["entry"], bytes(row))
        check_order(order_of(bytes(row)))
        light_of(bytes(row))


MANY = {
    "lines": b'{"DocEntry":1,"DocumentLines":[' + b'{"LineNum":1},' * 1_500_000,
    "rows": b'{"value":[' + b"{}," * 7_000_000,
    "bare rows": b"[" + b"1," * 10_000_000,
}


@pytest.mark.parametrize(
    ("name", "many", "refusal"),
    [
        ("order", "lines", BadOrder),
        ("page", "rows", TooMuchAtOnce),
        ("set page", "bare rows", TooMuchAtOnce),
        ("line rows", "rows", TooMuchAtOnce),
    ],
)
def test_what_would_take_many_times_its_room_is_refused_before_it_is_decoded(name, many, refusal):
    tracemalloc.start()
    try:
        with pytest.raises(refusal):
            DECODERS[name].read(MANY[many])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 1 << 20


def test_a_date_that_is_remembered_is_short():
    long = VALID[:-1] + b',"DocDate":"2026-01-05T' + b"0" * 100 + b'"}'

    assert order_of(long) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(HEADER), JSON, min_size=1, max_size=4))
def test_a_header_with_any_json_in_it_is_taken_or_refused(values):
    payload = json.dumps(json.loads(VALID) | values).encode()

    check_order(order_of(payload))
    light_of(payload)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(LINE), JSON, min_size=1, max_size=4))
def test_a_line_with_any_json_in_it_is_taken_or_refused(values):
    document = json.loads(VALID)
    document["DocumentLines"][0] |= values

    check_order(order_of(json.dumps(document).encode()))


@pytest.mark.parametrize("field", LINE)
def test_a_wrong_value_in_a_line_field_is_taken_or_refused(field):
    for value in WRONG:
        line = b'{"LineNum":1,"' + field.encode() + b'":' + value + b"}"
        payload = VALID[:-1] + b',"DocumentLines":[' + line + b"]}"
        check_order(order_of(payload))


@pytest.mark.parametrize("body", [b"{}", b'{"value":{}}', b'{"value":null}'])
def test_a_page_without_rows_is_a_bad_answer(body):
    with pytest.raises(BadAnswer):
        wire.decode_page(body)


@pytest.mark.parametrize("count", [b'"x"', b"1.5", b"[]", b'"1e3"', b'""', b'"' + DIGITS + b'"'])
@pytest.mark.parametrize("name", [b"odata.count", b"@odata.count"])
def test_a_count_that_is_none_is_a_bad_answer(name, count):
    with pytest.raises(BadAnswer):
        wire.decode_page(b'{"' + name + b'":' + count + b',"value":[]}')


@pytest.mark.parametrize("number", ["1e999", "9" * 5000, "1e12999", "-1e400", "1e-999", "NaN"])
def test_no_number_is_taken_that_cannot_be_stored(number):
    check_order(order_of(VALID[:-1] + f',"DocTotal":{number}}}'.encode()))
    check_order(order_of(VALID[:-1] + f',"DocTotal":"{number}"}}'.encode()))
