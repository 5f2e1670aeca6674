"""The order list: what each filter finds, how it is sorted and paged, and what it says of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.web_builders import make_order, make_person, make_run

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def numbers(response):
    """The order numbers on a page, as listed."""
    return [int(number) for number in re.findall(r'class="number"><a [^>]+>(\d+)<', page(response))]


def page(response):
    assert response.status_code == 200
    return response.content.decode()


def totals(response):
    found = re.findall(
        r'<span class="currency">(\w+|\?)</span></dt><dd><bdi>([^<]+)', page(response)
    )
    return dict(found)


def chips(response):
    return re.findall(r'aria-label="Remove filter ([^"]+)"', page(response))


def test_list_shows_open_orders_by_default(admin_client):
    make_order(doc_num=1)
    make_order(doc_num=2, document_status="closed", pending_total=0)

    response = admin_client.get("/orders/")

    assert numbers(response) == [1]


def make_one_of_each_status():
    make_order(doc_num=1, document_status="open")
    make_order(doc_num=2, document_status="closed")
    make_order(doc_num=3, document_status="closed", cancelled=True)
    make_order(doc_num=4, document_status="delivered")
    make_order(doc_num=5, document_status=None)
    make_order(doc_num=6, document_status="bost_Strange")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", [1]),
        ("closed", [2]),
        ("cancelled", [3]),
        ("other", [4, 5, 6]),
        ("all", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_status_filter(admin_client, status, expected):
    make_one_of_each_status()

    response = admin_client.get(f"/orders/?status={status}&sort=number")

    assert numbers(response) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("customer=acme", [1]),
        ("customer=C02", [2]),
        ("sales=15", [2]),
        ("sales=12,15", [1, 2]),
        ("sales=12&sales=15", [1, 2]),
        ("from=2026-11-10", [2, 3]),
        ("to=2026-11-10", [1, 2]),
        ("from=2026-11-10&to=2026-11-10", [2]),
        ("due_from=2026-12-10", [2, 3]),
        ("due_to=2026-12-10", [1, 2]),
        ("q=1260002", [2]),
        ("q=126000", [1, 2, 3]),
        ("q=١٢٦٠٠٠٢", [2]),
        ("q=gulf", [2]),
        ("q=C03", [3]),
        ("q=lpo-77", [3]),
        ("q=gulf+lpo-5", [2]),
        ("q=gulf+lpo-77", []),
        ("q=النور", [3]),
        ("company=SBODEMO", [1, 2, 3]),
        ("company=ELSEWHERE", []),
    ],
)
def test_filter(admin_client, query, expected):
    common = {"document_status": "open"}
    make_order(
        doc_num=1260001, card_code="C01", card_name="ACME Trading", sales_person_code=12,
        doc_date=date(2026, 11, 1), doc_due_date=date(2026, 12, 1), num_at_card="", **common,
    )  # fmt: skip
    make_order(
        doc_num=1260002, card_code="C02", card_name="Gulf Pipes", sales_person_code=15,
        doc_date=date(2026, 11, 10), doc_due_date=date(2026, 12, 10), num_at_card="LPO-5", **common,
    )  # fmt: skip
    make_order(
        doc_num=1260003, card_code="C03", card_name="شركة النور", sales_person_code=None,
        doc_date=date(2026, 11, 20), doc_due_date=None, num_at_card="LPO-77", **common,
    )  # fmt: skip
    expected = [1_260_000 + number for number in expected]
    if query == "due_from=2026-12-10":
        expected.remove(1_260_003)

    response = admin_client.get(f"/orders/?{query}&sort=number")

    assert numbers(response) == expected


def test_overdue_filter_finds_open_orders_due_before_today(admin_client):
    make_order(doc_num=1, doc_due_date=TODAY() - timedelta(days=1))
    make_order(doc_num=2, doc_due_date=TODAY())
    make_order(doc_num=3, doc_due_date=TODAY() - timedelta(days=9), document_status="closed")

    response = admin_client.get("/orders/?overdue=1&status=all")

    assert numbers(response) == [1]


def test_overdue_order_says_how_late_it_is(admin_client):
    make_order(doc_due_date=TODAY() - timedelta(days=12))

    response = admin_client.get("/orders/")

    assert "12 d late" in page(response)


@pytest.mark.parametrize(
    "column",
    ["number", "date", "due", "customer", "sales", "reference", "status", "open", "total"],
)
def test_equal_orders_are_sorted_the_same_way_up_and_down(admin_client, column):
    for number in (3, 1, 2):
        make_order(doc_entry=number, doc_num=7, num_at_card="", doc_total=Decimal(5))

    def entries(sort):
        return re.findall(r"/orders/SBODEMO/(\d+)/", page(admin_client.get(f"/orders/?{sort}")))

    assert entries(f"sort={column}") == ["1", "2", "3"]
    assert entries(f"sort=-{column}") == ["3", "2", "1"]


def test_sorting_by_total_uses_the_total_that_is_shown(admin_client):
    make_order(doc_num=1, doc_total=Decimal(3672), doc_total_fc=Decimal(1000), doc_currency="USD")
    make_order(doc_num=2, doc_total=Decimal(2000), doc_total_fc=None)
    make_order(doc_num=3, doc_total=Decimal(1500), doc_total_fc=Decimal(0))

    response = admin_client.get("/orders/?sort=-total")

    assert numbers(response) == [2, 3, 1]
    assert "1,000.00" in page(response)
    assert "3,672.00" not in page(response)


@pytest.mark.parametrize("sort", ["reference", "-reference"])
def test_missing_values_are_sorted_last(admin_client, sort):
    make_order(doc_num=1, num_at_card=None)
    make_order(doc_num=2, num_at_card="A")

    assert numbers(admin_client.get(f"/orders/?sort={sort}")) == [2, 1]


def test_current_sort_is_told_to_screen_readers(admin_client):
    make_order()

    response = admin_client.get("/orders/?sort=due")

    assert re.findall(r'class="(\w+)" aria-sort="(\w+)"', page(response)) == [("due", "ascending")]


def test_pages_split_the_result_without_gap_or_repeat(admin_client):
    for number in range(120):
        make_order(doc_num=number)

    pages = [numbers(admin_client.get(f"/orders/?size=50&sort=number&page={n}")) for n in (1, 2, 3)]

    assert [len(part) for part in pages] == [50, 50, 20]
    assert [number for part in pages for number in part] == list(range(120))


def test_page_beyond_the_end_shows_the_last_one_and_says_so(admin_client):
    make_order(doc_num=1)

    response = admin_client.get("/orders/?page=9")

    assert numbers(response) == [1]
    assert "There is no page 9" in page(response)


def test_totals_cover_the_whole_result_apart_per_currency(admin_client):
    for _number in range(51):
        make_order(pending_total=Decimal("0.1"))
    make_order(doc_currency="KWD", pending_total=Decimal("1.125"))
    make_order(doc_currency="JPY", pending_total=Decimal(3000))
    make_order(doc_currency=None, pending_total=Decimal(7))
    make_order(pending_total=Decimal(99), document_status="closed")

    first, second = (admin_client.get(f"/orders/?size=50&page={n}") for n in (1, 2))

    assert totals(first) == {"AED": "5.10", "KWD": "1.125", "JPY": "3,000", "?": "7.00"}
    assert totals(second) == totals(first)


def test_result_count_is_shown(admin_client):
    make_order()
    make_order()

    assert "<strong>2</strong> orders" in page(admin_client.get("/orders/"))


def test_each_active_filter_has_a_chip_that_drops_only_it(admin_client):
    make_person(12, "Omar Haddad")
    query = "status=all&q=acme&sales=12,15&from=2026-11-01&overdue=1&sort=due"

    response = admin_client.get(f"/orders/?{query}")

    assert chips(response) == [
        "Search: acme",
        "Sales: 12 Omar Haddad",
        "Sales: 15",
        "Posted: from 2026-11-01",
        "Overdue: before today, still open",
    ]
    without_twelve = "status=all&amp;q=acme&amp;sales=15&amp;from=2026-11-01&amp;overdue=1"
    assert f'href="/orders/?{without_twelve}&amp;sort=due"' in page(response)


def test_unknown_parameter_is_ignored_and_said(admin_client):
    make_order(doc_num=1)

    response = admin_client.get("/orders/?colour=red")

    assert numbers(response) == [1]
    assert "“colour” was ignored" in page(response)


@pytest.mark.parametrize(
    "query",
    [
        "from=abc", "to=2026-02-30", "due_from=20261120", "due_to=tomorrow", "status=half",
        "sales=omar", "sales=99999999999999999999", "overdue=maybe", "sort=colour", "size=7",
        "page=0", "page=99999999999", "q=" + "x" * 101, "q=a%00b", "customer=a%0Ab",
    ],
)  # fmt: skip
def test_bad_value_is_left_out_and_said(admin_client, query):
    make_order(doc_num=1)

    response = admin_client.get(f"/orders/?{query}")

    name = query.partition("=")[0]
    assert f"The filter “{name}” was left out" in page(response)
    assert chips(response) == ["Status: Open"]


def test_range_that_ends_before_it_starts_is_said(admin_client):
    response = admin_client.get("/orders/?from=2026-11-20&to=2026-11-01")

    assert "no order can match" in page(response)


def test_empty_fields_of_the_form_filter_nothing_and_are_no_mistakes(admin_client):
    make_order(doc_num=1)

    response = admin_client.get(
        "/orders/?status=open&q=&customer=&from=&to=&due_from=&due_to=&sort=-date&size=100"
    )

    assert numbers(response) == [1]
    assert (
        'role="alert"><svg class="icon" aria-hidden="true"><use href="/static/ordermirror/ico'
        "ns.svg#note" not in page(response)
    )


def test_no_result_names_the_filters_and_offers_to_drop_them(admin_client):
    make_order()
    make_run()

    response = admin_client.get("/orders/?q=nothing")

    assert "No order matches all of these filters" in page(response)
    assert '<a class="btn btn-plain" href="/orders/?status=all&amp;q=nothing">' in page(response)


def test_nothing_synced_yet_says_how_to_start(admin_client):
    response = admin_client.get("/orders/")

    assert "No orders have been mirrored yet" in page(response)
    assert "ordermirror sync" in page(response)


def test_first_load_under_way_is_said(admin_client):
    make_run(outcome="running", first_load=True)

    assert "The first load is under way" in page(admin_client.get("/orders/"))


def test_names_are_escaped_and_kept_in_their_own_direction(admin_client):
    make_order(card_name='<script>alert("x")</script>', num_at_card="<b>&")

    response = admin_client.get("/orders/")

    assert "<script>alert" not in page(response)
    assert '<bdi dir="auto">&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</bdi>' in page(
        response
    )


def test_htmx_gets_the_results_alone_and_their_canonical_address(admin_client):
    make_order(doc_num=1)

    response = admin_client.get(
        "/orders/?status=open&q=acme&from=&size=100", headers={"HX-Request": "true"}
    )

    assert "<html" not in page(response)
    assert numbers(response) == [1]
    assert response["HX-Push-Url"] == "/orders/?q=acme"
    assert "HX-Request" in response["Vary"]


def test_orders_of_several_companies_are_told_apart(admin_client):
    make_order(doc_entry=1, doc_num=1)
    make_order(doc_entry=1, doc_num=2, company_db="SBOOTHER")

    response = admin_client.get("/orders/?sort=number")

    assert numbers(response) == [1, 2]
    assert "SBOOTHER" in page(response)


EVERY_FILTER = (
    "status=all&q=126&customer=a&sales=12,15&from=2020-01-01&to=2030-01-01&due_from=2020-01-01"
    "&due_to=2030-01-01&overdue=1&company=SBODEMO&sort=-total&size=50&page=2"
)


@pytest.mark.parametrize("query", ["", EVERY_FILTER])
def test_list_takes_at_most_six_statements(admin_client, django_assert_max_num_queries, query):
    make_person(12)
    make_person(15, "Sara Nasser")
    make_run()
    for number in range(60):
        make_order(sales_person_code=12 if number % 2 else 15)

    with django_assert_max_num_queries(6):
        response = admin_client.get(f"/orders/?{query}")

    assert numbers(response)
