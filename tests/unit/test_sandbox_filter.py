"""The sandbox's $filter: what it selects, and what it refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ordermirror.sandbox.errors import ServiceLayerError
from ordermirror.sandbox.metadata import entity_types
from ordermirror.sandbox.odata import parse_filter
from ordermirror.sandbox.predicate import compiled

ORDER = {
    "DocEntry": 7,
    "CardName": "Gulf Trading L'Est",
    "NumAtCard": None,
    "DocTotal": Decimal("1050.5"),
    "DocDate": date(2024, 4, 23),
    "UpdateDate": date(2024, 4, 23),
    "UpdateTime": "18:38:12",
    "DocumentStatus": "bost_Open",
    "Cancelled": "tNO",
}


def selects(source, row=ORDER, time_filter="seconds"):
    properties = entity_types()["Document"].properties
    return compiled(parse_filter(source), properties, time_filter=time_filter)(row) is True


@pytest.mark.parametrize(
    "source",
    [
        "DocEntry eq 7",
        "DocEntry ne 8",
        "DocEntry gt 6",
        "DocEntry ge 7",
        "DocEntry lt 8",
        "DocEntry le 7",
        "7 eq DocEntry",
        "6 lt DocEntry",
        "DocTotal eq 1050.5",
        "DocTotal gt -1",
        "CardName eq 'Gulf Trading L''Est'",
        "startswith(CardName,'Gulf')",
        "endswith(CardName, 'Est')",
        "contains(CardName,'Trading')",
        "substringof('Trading',CardName)",
        "NumAtCard eq null",
        "CardName ne null",
        "not (DocEntry eq 8)",
        "not DocEntry eq 8",
        "DocEntry eq 8 or DocEntry eq 7",
        "DocEntry eq 7 and DocTotal gt 1000",
        "DocEntry eq 7 or DocEntry eq 8 and DocEntry eq 9",
        "(DocEntry eq 8 or DocEntry eq 7) and DocumentStatus eq 'bost_Open'",
    ],
)
def test_selects_the_row(source):
    assert selects(source)


@pytest.mark.parametrize(
    "source",
    [
        "DocEntry eq 8",
        "DocEntry gt 7",
        "DocEntry lt 7",
        "not (DocEntry eq 7)",
        "(DocEntry eq 7 or DocEntry eq 8) and DocEntry eq 9",
        "startswith(CardName,'gulf')",
        "NumAtCard ne null",
    ],
)
def test_leaves_the_row_out(source):
    assert not selects(source)


@pytest.mark.parametrize(
    "literal",
    [
        "'2024-04-23'",
        "'20240423'",
        "datetime'2024-04-23'",
        "'2024-04-23T12:21:21'",
        "datetime'2024-04-23T12:21:21'",
        "'2024-04-23T00:00:00Z'",
        "'20240423000000'",
    ],
)
def test_a_date_has_many_spellings_and_its_time_is_dropped(literal):
    assert selects(f"DocDate eq {literal}")


@pytest.mark.parametrize("literal", ["'18:38:00'", "'18:38'", "'183800'", "'1838'"])
def test_a_time_has_many_spellings(literal):
    assert selects(f"UpdateTime ge {literal}")


def test_times_can_be_compared_by_the_minute():
    assert selects("UpdateTime eq '18:38'", time_filter="minutes")


@pytest.mark.parametrize(
    "literal", ["'bost_Open'", "'O'", "SAPB1.BoStatus'bost_Open'", "SAPB1.BoStatus'O'"]
)
def test_an_enumeration_goes_by_member_or_database_value(literal):
    assert selects(f"DocumentStatus eq {literal}")


def test_null_is_neither_equal_nor_unequal_to_a_text():
    assert not selects("NumAtCard eq 'x'")
    assert not selects("NumAtCard ne 'x'")
    assert not selects("not (NumAtCard eq 'x')")


def test_a_value_of_the_wrong_kind_selects_nothing():
    assert not selects("DocTotal gt 1", {**ORDER, "DocTotal": "abc"})


@pytest.mark.parametrize(
    "source",
    [
        "DocEntry",
        "DocEntry eq",
        "DocEntry = 7",
        "DocEntry eq 7 and",
        "DocEntry eq 7 DocEntry eq 8",
        "(DocEntry eq 7",
        "DocEntry eq 7)",
        "DocEntry in (7,8)",
        "DocEntry add 1 eq 8",
        "year(DocDate) eq 2024",
        "tolower(CardName) eq 'gulf'",
        "DocEntry eq 'seven'",
        "DocEntry EQ 7",
        "DocDate eq 2024-04-23",
        "DocDate eq '23.04.2024'",
        "DocDate eq '2024-13-01'",
        "UpdateTime gt 'noon'",
        "CardName eq 7",
        "CardName eq 'open",
        "DocumentStatus eq 'bost_Weird'",
        "DocumentStatus gt 'bost_Open'",
        "DocumentStatus eq SAPB1.BoYesNoEnum'tYES'",
        "NumAtCard gt null",
        "null eq null",
        "Nonsense eq 1",
        "DocumentLines/Quantity gt 1",
        "DocumentLines eq null",
        "contains(CardName)",
        "contains(DocTotal,'1')",
        "contains('Gulf',CardName)",
        "(" * 500 + "DocEntry eq 7" + ")" * 500,
    ],
)
def test_anything_else_is_a_bad_request(source):
    with pytest.raises(ServiceLayerError) as refusal:
        selects(source)

    assert (refusal.value.status, refusal.value.code) == (400, -1000)


def test_times_can_be_refused_altogether():
    with pytest.raises(ServiceLayerError):
        selects("UpdateTime ge '18:38'", time_filter="refused")
