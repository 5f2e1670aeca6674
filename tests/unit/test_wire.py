"""SAP's JSON as records, exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordermirror.errors import BadAnswer, BadOrder
from ordermirror.sap import wire


def document(**fields):
    values = {
        "DocEntry": 7,
        "DocNum": 1007,
        "DocumentStatus": "bost_Open",
        "Cancelled": "tNO",
        "DocumentLines": [{"LineNum": 0}],
    }
    return values | fields


def decoded(**fields):
    return wire.decode_order(7, msgspec.json.encode(document(**fields)))


def decoded_number(text):
    payload = msgspec.json.encode(document(DocTotal=0)).replace(
        b'"DocTotal":0', b'"DocTotal":' + text
    )
    return wire.decode_order(7, payload).doc_total


def refusal(**fields):
    with pytest.raises(BadOrder) as caught:
        decoded(**fields)
    return caught.value.reason


@pytest.mark.parametrize("text", [b"1050.0", b"0.1", b"-3.25", b"9007199254.740993", b"33.333333"])
def test_numbers_are_taken_exactly(text):
    assert decoded_number(text) == Decimal(text.decode())


@given(st.decimals(-(10**12), 10**12, places=6))
def test_any_number_with_six_decimals_is_taken_exactly(number):
    assert decoded_number(f"{number:f}".encode()) == number


def test_the_noise_of_a_double_is_rounded_away():
    assert decoded_number(b"33.333332999999996") == Decimal("33.333333")


def test_a_number_with_more_decimals_than_sap_keeps_is_refused():
    with pytest.raises(BadOrder, match="six decimals"):
        decoded_number(b"0.12345678")


@pytest.mark.parametrize("text", [b'"NaN"', b'"Infinity"', b'"-sNaN"'])
def test_a_number_that_is_not_finite_is_refused(text):
    with pytest.raises(BadOrder):
        decoded_number(text)


@pytest.mark.parametrize("text", [b"9999999999999.999999", b"-9999999999999.999999"])
def test_the_largest_amount_is_taken(text):
    assert decoded_number(text) == Decimal(text.decode())


@pytest.mark.parametrize("text", [b"10000000000000", b"-1e13", b"9999999999999.9999995"])
def test_a_number_too_large_for_the_database_is_refused(text):
    with pytest.raises(BadOrder, match=r"too large .*±9,999,999,999,999\.999999"):
        decoded_number(text)


@pytest.mark.parametrize(
    "text", ["2024-01-31", "2024-01-31T00:00:00Z", "2024-01-31T23:59:59+04:00", "2024/01/31"]
)
def test_dates_keep_their_calendar_day(text):
    assert decoded(DocDate=text).doc_date == date(2024, 1, 31)


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024/02/30", "2024/1/31", "31.01.2024", "2024-01-31 later", ""]
)
def test_a_date_that_is_none_is_refused(text):
    assert refusal(DocDate=text)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("13:14:45", "13:14:45"), ("10:52", "10:52:00"), (None, None), ("25:61:00", "25:61:00")],
)
def test_odd_times_are_kept_as_sent(sent, kept):
    assert decoded(UpdateTime=sent).update_time == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("bost_Open", "open"), ("bost_Close", "closed"), ("bost_Paid", "paid"),
     ("bost_Delivered", "delivered"), ("bost_Limbo", "bost_Limbo"), ("", ""), (None, None)],
)  # fmt: skip
def test_an_unknown_status_is_kept_verbatim(sent, kept):
    assert decoded(DocumentStatus=sent).document_status == kept


def test_null_missing_and_empty_are_told_apart_where_it_matters():
    order = decoded(NumAtCard="", Comments=None)

    assert (order.num_at_card, order.comments, order.project) == ("", None, None)


def test_carriage_returns_survive():
    assert decoded(Comments="one\rtwo\r\nthree").comments == "one\rtwo\r\nthree"


def test_lines_are_ordered_by_their_number():
    order = decoded(DocumentLines=[{"LineNum": 4}, {"LineNum": 0}])

    assert [line.line_num for line in order.lines] == [0, 4]


def test_a_line_number_twice_is_refused():
    assert refusal(DocumentLines=[{"LineNum": 1}, {"LineNum": 1}]) == "LineNum 1 occurs twice"


def test_a_refusal_names_the_field_and_not_the_value():
    reason = refusal(DocumentLines=[{"LineNum": 0, "Price": ["secret"]}])

    assert "$.DocumentLines[0].Price" in reason
    assert "secret" not in reason


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"", "it is empty"), (b"<html></html>", "it is HTML"), (b"[]", "Expected `object`"),
     (b"{}", "value"), (b'{"value":{}}', "Expected `array`"), (b'{"value":[1', "truncated"),
     (b'{"error":{"code":1},"value":[]}', "error inside"),
     (b'{"value":' + b"[" * 200_000, "nested too deeply")],
)  # fmt: skip
def test_what_is_not_a_page_of_rows_is_told(body, told):
    with pytest.raises(BadAnswer, match=told.replace("[", r"\[")):
        wire.decode_page(body)


@pytest.mark.parametrize(
    ("body", "remaining"),
    [(b'{"odata.count":"5","value":[]}', 5), (b'{"@odata.count":5,"value":[]}', 5),
     (b'{"@odata.count":"5","value":[]}', 5), (b'{"value":[]}', None)],
)  # fmt: skip
def test_counts_come_as_text_or_number(body, remaining):
    assert wire.decode_page(body).remaining == remaining


@pytest.mark.parametrize("row", [b"{}", b'{"DocEntry":0}', b'{"DocEntry":"7"}', b"7", b"null"])
def test_a_row_without_a_usable_key_spoils_its_page(row):
    with pytest.raises(BadAnswer, match="DocEntry"):
        wire.decode_doc_entry(msgspec.Raw(row))
