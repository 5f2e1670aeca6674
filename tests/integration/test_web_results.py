"""Results of the order list: searched in names and lines, counted up to a limit, paged by place."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from itertools import product

import pytest
from django.utils import timezone

from ordermirror.models import OrderTotal, SalesOrder
from ordermirror.web import counting, search
from tests.integration.test_web_orders import make_one_of_each_status, numbers, page, totals
from tests.web_builders import make_line, make_order, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db):
    make_line(
        make_order(doc_num=1, card_code="CASH", card_name="José Straße", num_at_card="LPO 77/A"),
        item_code="VLV-10",
        item_description="Gate Valve 1 inch",
    )
    make_line(
        make_order(doc_num=2, card_code="CASH", card_name="شركة أحمد للتجارة", num_at_card="١٢٣"),
        item_code="PIPE",
        item_description="Pipe",
    )
    removed = make_order(doc_num=3, card_code="C3", card_name="Pipes 100% Ltd", num_at_card=None)
    make_line(removed, item_code="VLV-99", removed_at=timezone.now())


SEARCHES = [
    ("vlv", [1]), ("valve", [1]), ("gate valve", [1]), ("pipe", [2, 3]), ("VLV-10", [1]),
    ("jose", [1]), ("JOSÉ", [1]), ("strasse", [1]), ("cash", [1, 2]), ("احمد", [2]),
    ("أَحمد", [2]), ("77", [1]), ("lpo", [1]), ("77/a", [1]), ("po", []), ("123", [2]),
    ("cash pipe", [2]), ("cash valve", [1]), ("100%", [3]), ("1_0", []), ("vlv-99", []),
    ("\u064b", [1, 2, 3]), ("12345678901", []),
]  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), SEARCHES)
@pytest.mark.parametrize("most_names", [0, 300], ids=["many names", "few names"])
def test_search_finds_by_number_customer_reference_and_item(
    admin_client, monkeypatch, three, words, expected, most_names
):
    monkeypatch.setattr(search, "MOST_NAMES", most_names)

    response = admin_client.get("/orders/", {"q": words, "sort": "number"})

    assert numbers(response) == expected


@pytest.mark.parametrize("most_names", [0, 300], ids=["many names", "few names"])
def test_customer_that_shares_a_code_is_found_by_his_own_name(
    admin_client, monkeypatch, three, most_names
):
    monkeypatch.setattr(search, "MOST_NAMES", most_names)

    assert numbers(admin_client.get("/orders/", {"customer": "josé"})) == [1]


def test_order_found_in_several_ways_is_counted_once(admin_client):
    order = make_order(doc_num=55, card_name="Shop 55", num_at_card="55")
    make_line(order, item_code="55")
    make_line(order, line_num=1, item_code="55-B")

    response = admin_client.get("/orders/?q=55")

    assert numbers(response) == [55]
    assert "<strong>1</strong> order<" in page(response)
    assert totals(response) == {"AED": "1,000.00"}


@pytest.mark.parametrize("search_for", ["due_to=2026-12-31", "q=acme", "customer=acme"])
def test_large_result_is_counted_up_to_a_limit_and_to_the_end_on_a_click(
    admin_client, monkeypatch, search_for
):
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    for _number in range(12):
        make_order(pending_total=Decimal("0.1"))

    response = admin_client.get(f"/orders/?{search_for}")

    assert "<strong>more than 3</strong> orders" in page(response)
    assert len(numbers(response)) == 12
    assert totals(response) == {}
    (click,) = re.findall(r'class="count-all" href="([^"]+)"', page(response))
    counted = admin_client.get(unescape(click))
    assert "<strong>12</strong> orders" in page(counted)
    assert totals(counted) == {"AED": "1.20"}
    assert "count-all" not in page(counted)


def test_result_as_large_as_the_limit_is_counted(admin_client, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    for _number in range(3):
        make_order()

    response = admin_client.get("/orders/?from=2026-01-01")

    assert "<strong>3</strong> orders" in page(response)
    assert totals(response) == {"AED": "3,000.00"}


def test_pages_of_a_result_that_is_not_counted_go_on_to_its_end(admin_client, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 60)
    for number in range(120):
        make_order(doc_num=number)
    make_run()

    address, shown = "?from=2026-01-01&size=50", []
    while address:
        response = admin_client.get(f"/orders/{address}")
        shown += numbers(response)
        address = step(response, "next")

    assert shown == list(reversed(range(120)))
    beyond = admin_client.get("/orders/?from=2026-01-01&size=50&page=9")
    assert "There are no more orders here" in page(beyond)


@pytest.mark.parametrize("status", ["open", "closed", "cancelled", "other", "all"])
def test_kept_totals_equal_those_of_the_orders(admin_client, status):
    make_one_of_each_status()
    make_order(document_status="open", cancelled=True, pending_total=Decimal("3.5"))
    for person, currency in product([None, 7, 12], ["KWD", None]):
        make_order(sales_person_code=person, doc_currency=currency, pending_total=Decimal("0.25"))

    for sales in ("", "7", "7,12"):
        kept = admin_client.get(f"/orders/?status={status}&sales={sales}")
        counted = admin_client.get(f"/orders/?status={status}&sales={sales}&from=1990-01-01")
        assert totals(kept) == totals(counted)
        assert len(numbers(kept)) == len(numbers(counted))
        found = f"<strong>{len(numbers(kept))}</strong>"
        assert found in page(kept)
        assert found in page(counted)


def test_usual_list_takes_its_totals_from_the_kept_ones(admin_client):
    make_order()
    OrderTotal.objects.update(pending_whole=77)

    assert totals(admin_client.get("/orders/?sales=12")) == {"AED": "77.00"}


def step(response, rel):
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page(response))
    return unescape(found[1]) if found else ""


def walk(client, address, rel, each=lambda: None):
    pages = []
    while address:
        response = client.get(f"/orders/{address}")
        pages.append(numbers(response))
        address = step(response, rel)
        each()
    return pages


@pytest.mark.parametrize("sort", ["-date", "date"])
def test_steps_show_every_order_once_while_others_come_in(admin_client, sort):
    day = date(2026, 11, 20)
    for number in range(160):
        make_order(doc_num=number, doc_date=day + timedelta(days=number // 40))

    def one_comes_in():
        first = sort == "-date"
        make_order(doc_num=900, doc_date=day + timedelta(days=365 if first else -365))

    pages = walk(admin_client, f"?size=50&sort={sort}", "next", one_comes_in)

    shown = [number for part in pages for number in part]
    expected = list(range(160))
    assert shown == (expected[::-1] if sort == "-date" else expected)


def test_steps_back_show_the_pages_that_steps_on_showed(admin_client):
    for number in range(230):
        make_order(doc_num=number, doc_date=date(2026, 11, 1 + number // 50))
    on = walk(admin_client, "?size=50", "next")
    address = "?size=50"
    for _page in on[1:]:
        address = step(admin_client.get(f"/orders/{address}"), "next")

    back = walk(admin_client, address, "prev")

    assert back[::-1] == on


@pytest.mark.parametrize("sort", ["-date", "date"])
def test_orders_without_a_date_stand_at_the_old_end(admin_client, sort):
    for number in range(60):
        make_order(doc_num=number, doc_date=None if number < 55 else date(2026, 11, 20))

    pages = walk(admin_client, f"?size=50&sort={sort}", "next")

    shown = [number for part in pages for number in part]
    assert shown == (list(range(60)) if sort == "date" else list(range(60))[::-1])


def test_place_in_the_address_is_kept_on_the_way_back_from_an_order(admin_client):
    for number in range(60):
        make_order(doc_num=number)

    second = admin_client.get(f"/orders/{step(admin_client.get('/orders/?size=50'), 'next')}")

    oldest = SalesOrder.objects.order_by("doc_entry").first().doc_entry
    assert f"/orders/SBODEMO/{oldest}/?page=2&amp;size=50&amp;after=2026-11-20," in page(second)


@pytest.mark.parametrize("place", ["x", "2026-11-20", "2026-11-20,x", "2026-11-20,99999999999"])
def test_place_that_cannot_be_read_is_left_out_and_said(admin_client, place):
    make_order(doc_num=1)

    response = admin_client.get(f"/orders/?after={place}")

    assert numbers(response) == [1]
    assert "The filter “after” was left out" in page(response)
