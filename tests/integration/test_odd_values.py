"""Odd values have one outcome, whichever database is below: taken whole, or set aside for a reason.

Nothing here depends on the engine, so what holds on one and passes on all is the same on all.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from ordermirror.core.diff import Fate
from ordermirror.models import OrderLine, Quarantine, SalesOrder, SalesPerson
from tests.documents import apply_documents, document, line
from tests.support import answers

pytestmark = pytest.mark.django_db
EVERY_SIGN = "".join(map(chr, range(1, 32))) + "\x7f\x85\xa0\u2028\u2029\ufeff\uffff\\\"'`%;"

REFUSED = {
    "a code of 51 characters": ({"CardCode": '"' + "x" * 51 + '"'}, "CardCode"),
    "a name of 201 characters": ({"CardName": '"' + "x" * 201 + '"'}, "CardName"),
    "a name of 201 emoji": ({"CardName": json.dumps("\N{GRINNING FACE}" * 201)}, "CardName"),
    "a status of 51 characters": ({"DocumentStatus": '"' + "x" * 51 + '"'}, "DocumentStatus"),
    "comments beyond 16,000": ({"Comments": '"' + "x" * 16_001 + '"'}, "Comments"),
    "the 30th of February": ({"DocDate": '"2026-02-30"'}, "a date is neither"),
    "a date of zeros": ({"DocDate": '"0000-00-00"'}, "a date is neither"),
    "a date beyond four digits": ({"DocDate": '"10000-01-01"'}, "date"),
    "no date at all": ({"DocDate": '"31.01.2026"'}, "a date is neither"),
    "DocNum beyond 32 bits": ({"DocNum": "2147483648"}, "DocNum"),
    "DocNum beyond 64 bits": ({"DocNum": "9223372036854775808"}, "DocNum"),
    "DocNum beyond 128 bits": ({"DocNum": "9" * 40}, "DocNum"),
    "Series beyond 32 bits": ({"Series": "2147483648"}, "Series"),
    "Series below 32 bits": ({"Series": "-2147483649"}, "Series"),
    "a sales person beyond 32 bits": ({"SalesPersonCode": "4294967296"}, "SalesPersonCode"),
    "a broken number": ({"Series": "1.5"}, "Series"),
    "a NUL in a text": ({"CardName": r'"a\u0000b"'}, "NUL"),
    "nothing but a NUL": ({"NumAtCard": r'"\u0000"'}, "NUL"),
    "a NUL in a date": ({"DocDate": r'"\u00002026-01-05"'}, "date"),
    "half an emoji": ({"CardName": r'"a\ud83d"'}, "malformed|truncated"),
    "the other half": ({"CardName": r'"\ude00b"'}, "surrogate"),
    "an amount beyond the limit": ({"DocTotal": "10000000000000"}, "too large"),
    "an amount with seven decimals": ({"DocTotal": "0.1234567"}, "six decimals"),
    "an amount without end": ({"DocTotal": "1e999"}, "number"),
}
REFUSED_LINES = {
    "LineNum beyond 20 bits": ({"LineNum": "1048576"}, "LineNum"),
    "a negative LineNum": ({"LineNum": "-1"}, "LineNum"),
    "LineNum beyond 64 bits": ({"LineNum": "18446744073709551616"}, "LineNum"),
    "VisualOrder beyond 32 bits": ({"VisualOrder": "2147483648"}, "VisualOrder"),
    "ParentLineNum beyond 32 bits": ({"ParentLineNum": "-2147483649"}, "ParentLineNum"),
    "a description of 301": ({"ItemDescription": '"' + "x" * 301 + '"'}, "ItemDescription"),
    "a NUL in a line": ({"FreeText": r'"\u0000"'}, "NUL"),
    "a bad date": ({"ShipDate": '"2026-13-01"'}, "a date is neither"),
    "a quantity beyond the limit": ({"Quantity": "-1e13"}, "too large"),
}
TAKEN_TEXTS = {
    "as long as may be": "x" * 200,
    "emoji": "\N{GRINNING FACE}" * 200,
    "every sign": EVERY_SIGN,
    "blanks": "  a  ",
    "empty": "",
    "like a number": "007.50",
    "like JSON": '{"a": [null]}',
    "the word null": "null",
    "letters that sound alike": "Straße STRASSE strasse é e\u0301",
    "a NUL spelled out": r"C:\u0000",
}


def held():
    return {row.doc_entry: (row.stage, row.reason) for row in Quarantine.objects.all()}


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_header_that_can_not_be_taken_is_refused_by_the_decoder(raw, reason):
    check_refused(document(7, **raw), reason)


@pytest.mark.parametrize(("raw", "reason"), REFUSED_LINES.values(), ids=REFUSED_LINES.keys())
def test_a_line_that_can_not_be_taken_is_refused_by_the_decoder(raw, reason):
    check_refused(document(7, line(0), line(1, **raw)), reason)


def check_refused(payload, reason):
    applied = apply_documents({6: document(6), 7: payload, 8: document(8)})

    assert (applied.fates[Fate.CREATED], applied.quarantined, applied.rows_written) == (2, 1, 4)
    assert list(SalesOrder.objects.order_by("id").values_list("doc_entry", flat=True)) == [6, 8]
    [(stage, told)] = held().values()
    assert stage == "decode"
    assert any(part in told for part in reason.split("|")), told


def test_all_bad_documents_of_a_batch_are_set_aside_and_all_others_taken():
    """The same, at once: the database is never asked to judge, so no batch is applied twice."""
    bad = {100 + n: document(100 + n, **raw) for n, (raw, _) in enumerate(REFUSED.values())}
    good = {200 + n: document(200 + n) for n in range(20)}

    applied = apply_documents(bad | good)

    assert (applied.quarantined, applied.fates[Fate.CREATED]) == (len(bad), len(good))
    assert {entry: stage for entry, (stage, _) in held().items()} == dict.fromkeys(bad, "decode")
    assert set(SalesOrder.objects.values_list("doc_entry", flat=True)) == good.keys()


def test_an_order_that_turns_bad_stays_as_it_was():
    apply_documents({7: document(7, CardName='"Acme"')})
    before = list(SalesOrder.objects.values())

    for minute, (raw, _) in enumerate(REFUSED.values(), start=1):
        apply_documents({7: document(7, **raw)}, minutes=minute)

    assert list(SalesOrder.objects.values()) == before
    assert Quarantine.objects.get().attempts == len(REFUSED)


@pytest.mark.parametrize("text", TAKEN_TEXTS.values(), ids=TAKEN_TEXTS.keys())
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "as it is"])
def test_an_odd_text_is_stored_sign_by_sign(text, escaped):
    written = json.dumps(text, ensure_ascii=escaped)
    payload = document(7, line(ItemDescription=written), CardName=written, Comments=written)

    applied = apply_documents({7: payload})

    order, stored = SalesOrder.objects.get(), OrderLine.objects.get()
    assert (order.card_name, order.comments, stored.item_description) == (text, text, text)
    assert apply_documents({7: payload + b" "}, minutes=1).rows_written == 0
    assert applied.quarantined == 0


def test_a_nul_in_what_is_not_mirrored_is_no_reason_to_refuse():
    applied = apply_documents({7: document(7, U_Remark=r'"\u0000"')})

    assert applied.fates[Fate.CREATED] == 1


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1000, 1, 1), date(1899, 12, 30), date.max])
def test_a_far_day_is_stored(day):
    apply_documents({7: document(7, DocDate=f'"{day.isoformat()}"')})

    assert SalesOrder.objects.get().doc_date == day


@pytest.mark.parametrize("number", [-(2**31), 2**31 - 1])
def test_the_largest_numbers_are_stored(number):
    raw = {"Series": number, "DocNum": number, "SalesPersonCode": number}
    payload = document(2**31 - 1, line(2**20 - 1, VisualOrder=number), **raw)

    apply_documents({2**31 - 1: payload})

    order, stored = SalesOrder.objects.get(), OrderLine.objects.get()
    assert (order.series, order.doc_num, order.sales_person_code) == (number, number, number)
    assert (stored.line_num, stored.visual_order, stored.order_id) == (2**20 - 1, number, order.pk)


def test_a_nul_in_a_sales_persons_name_holds_up_nobody_else(mirror):
    def change(url, answer):
        if "SalesPersons" not in url:
            return answer
        spoilt = answer.body.replace(b'"SalesEmployeeName":"', rb'"SalesEmployeeName":"\u0000')
        spoilt = spoilt.replace(b'"SalesEmployeeName": "', rb'"SalesEmployeeName": "\u0000')
        return replace(answer, body=spoilt)

    answers(mirror, change)
    report = mirror.sync()

    [people] = [probe for probe in report.probes if probe.probe == "sales_people"]
    assert (report.outcome, SalesOrder.objects.count()) == ("complete", 120)
    assert "NUL" in people.problem
    assert not SalesPerson.objects.exists()


def test_a_nul_in_a_message_of_saps_is_no_reason_to_lose_the_run(mirror):
    error = rb'{"error":{"code":-5002,"message":{"value":"not\u0000allowed"}}}'

    def change(url, answer):
        return replace(answer, status=403, body=error) if "Orders" in url else answer

    answers(mirror, change)
    report = mirror.sync()

    assert (report.outcome, "not allowed" in report.problem) == ("failed", True)


ERRORS = {
    "nested deeply": b'{"error":{"message":{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}}}",
    "larger than any error": b'{"error":{"message":"' + b"x" * (1 << 20) + b'"}}',
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_of_saps_that_is_none_has_no_message(mirror, error):
    def change(url, answer):
        return replace(answer, status=403, body=error) if "Orders" in url else answer

    answers(mirror, change)
    report = mirror.sync()

    assert (report.outcome, "no message (HTTP 403)" in report.problem) == ("failed", True)
