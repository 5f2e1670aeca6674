"""What is kept beside the orders: totals, and what searches look in. Both equal the orders."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ordermirror.core.folding import fold, searchable, starts
from ordermirror.models import OrderTotal, ReferenceWord, SearchName
from ordermirror.records import Order
from ordermirror.store import search, totals
from tests.web_builders import make_company, make_line, make_order

ROUNDS = 12
EMPTY = Order(*[None] * len(Order._fields))


def version(pending, **fields):
    values = {"doc_entry": 1, "cancelled": False, "document_status": "open", "lines": ()}
    return totals.Version(EMPTY._replace(**values | fields), Decimal(pending))


def test_totals_equal_a_recount_after_many_rounds_of_business(mirror):
    mirror.sync()

    for _round in range(ROUNDS):
        mirror.business(25)
        mirror.sync()

        assert totals.stored(mirror.company.pk) == totals.recounted(mirror.company.pk)
    assert sum(sums.orders for sums in totals.stored(mirror.company.pk).values()) >= 120


def test_words_of_references_equal_the_orders_after_business(mirror):
    mirror.sync()
    mirror.business(60)
    mirror.sync()

    rows = ReferenceWord.objects.order_by("id").values_list("id", "company", "order", "start")
    assert list(rows) == search.words(mirror.company.pk)
    known = {search.Name(*row) for row in SearchName.objects.values_list("kind", "code", "name")}
    assert search.names(mirror.company.pk) <= known


@pytest.mark.django_db
def test_recount_mends_totals_that_were_spoilt():
    make_order(pending_total=Decimal("12.345678"))
    make_order(pending_total=Decimal(-1), doc_currency=None, sales_person_code=None)
    company = make_company().pk
    OrderTotal.objects.update(orders=77)

    totals.recount(company)

    assert totals.stored(company) == totals.recounted(company)
    assert {(kind.doc_currency, sums) for kind, sums in totals.stored(company).items()} == {
        ("AED", totals.Sums(1, 12_345_678)),
        (None, totals.Sums(1, -1_000_000)),
    }


@pytest.mark.django_db
def test_order_that_moves_to_another_kind_is_counted_there_only():
    company = make_company().pk
    before, after = version("10.5"), version("0", document_status="closed")
    totals.write(company, [(None, before)])

    totals.write(company, [(before, after)])

    assert totals.stored(company) == {
        totals.Kind("closed", False, None, None): totals.Sums(1, 0),
    }


@pytest.mark.django_db
def test_sum_may_be_larger_than_any_amount():
    company = make_company().pk
    largest = version("9999999999999.999999")

    for _order in range(1000):
        totals.write(company, [(None, largest)])

    (sums,) = totals.stored(company).values()
    assert sums == totals.Sums(1000, 9_999_999_999_999_999_999 * 1000)


@pytest.mark.django_db
def test_totals_take_two_statements_and_none_when_nothing_moves(django_assert_num_queries):
    company = make_company().pk
    first = version("10", comments="a")

    with django_assert_num_queries(2):
        totals.write(company, [(None, first), (None, version("7", doc_currency="USD"))])
    with django_assert_num_queries(0):
        totals.write(company, [(first, version("10", comments="b"))])


@pytest.mark.django_db
def test_reference_that_changed_is_found_by_its_new_words_alone():
    order = make_order(doc_entry=4, num_at_card="LPO 12 of May")
    company = order.company_id
    old = EMPTY._replace(doc_entry=4, num_at_card="LPO 12 of May", lines=())

    search.write(company, [(old, old._replace(num_at_card="PO-9"))])

    found = ReferenceWord.objects.order_by("id").values_list("start", flat=True)
    assert [bytes.fromhex(start).decode() for start in found] == ["po-9", "9"]


@pytest.mark.django_db
def test_what_did_not_change_costs_searches_no_statement():
    order = EMPTY._replace(doc_entry=4, num_at_card="PO-1", card_code="C1", lines=())

    with CaptureQueriesContext(connection) as statements:
        search.write(make_company().pk, [(order, order._replace(comments="x"))])

    assert [row["sql"] for row in statements if "search" in row["sql"]] == []


@pytest.mark.django_db
def test_names_differing_in_case_only_are_both_kept():
    make_line(make_order(card_code="C1", card_name="ACME"))
    make_order(card_code="C1", card_name="Acme")

    customers = SearchName.objects.filter(kind="customer")
    assert sorted(customers.values_list("name", flat=True)) == ["ACME", "Acme"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Straße", "strasse"), ("CAFÉ", "cafe"), ("أَحْمَد", "احمد"), ("آل نهيان", "ال نهيان"),
        ("شـــركة", "شركة"), ("١٢٦", "126"), ("  a \t b ", "a b"), (None, ""),
    ],
)  # fmt: skip
def test_texts_are_folded_the_same_for_every_database(text, folded):
    assert fold(text) == folded


def test_reference_can_be_searched_from_each_of_its_words():
    assert starts("LPO-2026/77", 8) == ["lpo-2026/77", "2026/77", "77"]
    assert starts("--", 8) == []
    assert len(starts("a b c d e f g h i j", 8)) == 8


def test_what_starts_alike_starts_alike_when_written_for_the_index():
    assert searchable("شركة النور", 48).startswith(searchable("شرك", 48))
