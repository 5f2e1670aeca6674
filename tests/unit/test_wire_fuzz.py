"""Whatever SAP, or something in its place, sends: a typed result or the documented error."""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordermirror.errors import BadAnswer, BadOrder
from ordermirror.records import LightOrder, Order, OrderLine
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.render import encode
from ordermirror.sap import wire

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
    "bad UTF-8": VALID.replace(b"DocNum", b"Doc\xff\xfeNum"),
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


def taken(read, *args):
    """The result, or None for a documented error; anything else fails the test."""
    started = time.perf_counter()
    try:
        result = read(*args)
    except (BadAnswer, BadOrder, ValueError):
        result = None
    assert time.perf_counter() - started < SECONDS
    return result


def order_of(payload: bytes) -> Order | None:
    """decode_order promises BadOrder and nothing else."""
    try:
        return taken(wire.decode_order, 1, payload)
    except RecursionError:
        pytest.fail("RecursionError got out")


def light_of(payload: bytes) -> LightOrder | None:
    """decode_light may raise RecursionError; its caller takes it like a ValueError."""
    try:
        return taken(wire.decode_light, msgspec.Raw(payload))
    except RecursionError:
        return None


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


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_page_or_a_bad_answer(body):
    page = taken(wire.decode_page, body)

    assert page is None or isinstance(page, wire.Page)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_order_or_a_bad_order(payload):
    check_order(order_of(payload))
    light_of(payload)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PAGE) - 1), st.integers(1, 40), st.binary(max_size=12))
def test_a_page_with_some_bytes_changed_is_taken_or_refused(start, length, instead):
    body = PAGE[:start] + instead + PAGE[start + length :]

    page = taken(wire.decode_page, body)

    for row in page.rows if page else ():
        taken(wire.decode_doc_entry, row)
        check_order(order_of(bytes(row)))
        light_of(bytes(row))


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


@pytest.mark.parametrize("field", HEADER)
def test_a_wrong_value_in_a_header_field_is_taken_or_refused(field):
    for value in WRONG:
        payload = b'{"' + field.encode() + b'":' + value + b"," + VALID[1:]
        check_order(order_of(payload))
        later = VALID[:-1] + b',"' + field.encode() + b'":' + value + b"}"
        check_order(order_of(later))
        light_of(later)
        row = msgspec.Raw(later)
        taken(wire.decode_doc_entry, row)


@pytest.mark.parametrize("field", LINE)
def test_a_wrong_value_in_a_line_field_is_taken_or_refused(field):
    for value in WRONG:
        line = b'{"LineNum":1,"' + field.encode() + b'":' + value + b"}"
        payload = VALID[:-1] + b',"DocumentLines":[' + line + b"]}"
        check_order(order_of(payload))


@pytest.mark.parametrize("payload", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_document_is_a_bad_order(payload):
    with pytest.raises(BadOrder):
        wire.decode_order(1, payload)


@pytest.mark.parametrize("body", [*BROKEN.values(), b"{}", b'{"value":{}}', b'{"value":null}'])
def test_a_broken_page_is_a_bad_answer(body):
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
