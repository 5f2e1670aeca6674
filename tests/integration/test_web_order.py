"""The page of one order: its figures, lines, history, and the way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from tests.web_builders import (
    make_change,
    make_line,
    make_order,
    make_person,
    make_read,
    make_run,
)

pytestmark = pytest.mark.django_db
AT_1009 = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)


def open_page(client, order, query=""):
    response = client.get(f"{address(order)}{query}")
    assert response.status_code == 200
    return response.content.decode()


def address(order):
    return reverse("order", args=(order.company.company_db, order.doc_entry))


def words(html):
    """What a reader sees, in one line."""
    text = re.sub(r"<(script|style|head).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def history(html):
    return words(html.partition('<h2 id="history-title">')[2].partition("</section>")[0])


def test_order_page_shows_number_customer_and_status(admin_client):
    make_person(12, "Omar Haddad")
    order = make_order(doc_num=126004711, card_name="شركة النور", sales_person_code=12)

    html = open_page(admin_client, order)

    assert "<bdi>126004711</bdi>" in html
    assert '<bdi dir="auto">شركة النور</bdi>' in html
    assert "Omar Haddad 12" in html
    assert 'class="badge-open"' in html


def test_figures_add_up_from_the_lines(admin_client):
    order = make_order(pending_total=Decimal(600))
    make_line(order, line_num=0, remaining_open_quantity=Decimal(6), pending_amount=Decimal(600))
    make_line(
        order, line_num=1, line_status="closed", remaining_open_quantity=Decimal(5),
        pending_amount=Decimal(0),
    )  # fmt: skip

    html = open_page(admin_client, order)

    assert (
        "Ordered 2,000.00 AED Delivered 900.00 AED Closed undelivered 500.00 AED Open 600.00 AED"
        in words(html)
    )
    assert '<progress value="45"' in html


def test_figures_of_a_line_beyond_all_measure_are_shown(admin_client):
    """A closed line's quantity and price are as large as stored ones can be."""
    most = Decimal("9999999999999.999999")
    order = make_order(doc_currency="KWD", pending_total=Decimal(0))
    make_line(order, quantity=most, price=most, remaining_open_quantity=most, line_status="closed")

    assert "Delivered" in open_page(admin_client, order)


def test_order_without_lines_says_so(admin_client):
    assert "This order has no lines." in open_page(admin_client, make_order())


def test_lines_stand_in_the_order_people_see_in_sap(admin_client):
    order = make_order()
    make_line(order, line_num=0, visual_order=1, item_description="second")
    make_line(order, line_num=4, visual_order=0, item_description="first")

    html = open_page(admin_client, order)

    assert re.findall(
        r'class="place">(\d+)</th>\s+<td class="item"><bdi dir="auto">(\w+)', html
    ) == [
        ("1", "first"),
        ("2", "second"),
    ]


def test_removed_line_is_kept_apart_and_counts_no_more(admin_client):
    order = make_order(pending_total=Decimal(1000))
    make_line(order, line_num=0)
    make_line(order, line_num=1, item_description="Gone", removed_at=AT_1009)

    html = open_page(admin_client, order)

    kept, _, removed = html.partition('<details class="removed">')
    assert "Gone" not in kept
    assert "1 removed line" in words(removed)
    assert "removed, noticed 2026-11-20 10:09" in words(removed)
    assert "Ordered 1,000.00 AED" in words(html)


def test_closed_line_is_dimmed_and_says_its_status(admin_client):
    order = make_order()
    make_line(order, line_status="closed", pending_amount=Decimal(0))

    html = open_page(admin_client, order)

    assert '<tr class="settled">' in html
    assert "Closed" in words(html.partition('class="lines"')[2])


def test_prices_keep_more_decimals_than_the_currency_has(admin_client):
    order = make_order()
    make_line(order, price=Decimal("0.0125"), pending_amount=Decimal("0.13"))

    assert "0.0125" in open_page(admin_client, order)


@time_machine.travel(AT_1009, tick=False)
def test_history_tells_from_what_to_what_and_between_which_reads(admin_client):
    order = make_order()
    make_line(order, line_num=3, visual_order=0)
    run = make_run()
    make_change(
        order, kind="line_changed", line_num=3, field="remaining_open_quantity", old="1400",
        new="250", run=run,
    )  # fmt: skip

    html = open_page(admin_client, order)

    assert history(html) == (
        f"History between 10:00 and 10:07 run {run.pk} Line 1 remaining open quantity 1,400 → 250"
    )
    assert f'href="/runs/{run.pk}/"' in html


def test_history_names_the_day_when_it_is_not_today(admin_client):
    order = make_order()
    make_change(order, field="comments", old=None, new="call <first>")

    html = open_page(admin_client, order)

    assert history(html) == (
        "History 2026-11-20, between 10:00 and 10:07 comments nothing → call &lt;first&gt;"
    )


@pytest.mark.parametrize(
    ("kind", "old", "new", "told"),
    [
        ("order_created", None, None, "First seen"),
        ("line_added", None, "A1 x 5", "Line 3 added A1 x 5"),
        ("line_removed", "A1 x 5", None, "Line 3 removed A1 x 5"),
        ("line_returned", None, "A1 x 5", "Line 3 returned A1 x 5"),
    ],
)
def test_history_tells_of_lines_that_come_and_go(admin_client, kind, old, new, told):
    order = make_order()
    line_num = None if kind == "order_created" else 2
    make_change(order, kind=kind, field="line", old=old, new=new, line_num=line_num)

    assert history(open_page(admin_client, order)).endswith(f"10:07 {told}")


def test_history_stands_newest_first_and_each_read_once(admin_client):
    order = make_order()
    first, second = make_run(), make_run()
    make_change(order, field="project", old="a", new="b", run=first)
    make_change(order, field="comments", old="a", new="b", run=second)
    make_change(order, field="address", old="a", new="b", run=second)

    told = history(open_page(admin_client, order))

    assert re.findall(r"run \d+|project|comments|address", told) == [
        f"run {second.pk}", "comments", "address", f"run {first.pk}", "project",
    ]  # fmt: skip


def test_long_history_is_cut_and_says_so(admin_client, monkeypatch):
    monkeypatch.setattr("ordermirror.web.history.MOST", 2)
    order = make_order()
    for number in range(3):
        make_change(order, field="project", old=str(number), new=str(number + 1))

    html = open_page(admin_client, order)

    assert "Older changes are kept but not shown here." in html
    assert html.count('class="what"') == 2


@time_machine.travel(AT_1009, tick=False)
def test_order_page_says_when_the_order_was_last_read(admin_client):
    order = make_order()
    make_read(order, read_at=AT_1009 - timedelta(minutes=2))

    assert "Last read from SAP at 10:07 (2 min ago)" in open_page(admin_client, order)


def test_way_back_leads_to_the_same_list(admin_client):
    order = make_order()
    query = "?status=all&q=acme&sort=-open&page=2"

    listed = admin_client.get("/orders/?status=all&q=acme&sort=-open").content.decode()
    html = open_page(admin_client, order, query)

    assert f'href="{address(order)}?status=all&amp;q=acme&amp;sort=-open"' in listed
    assert 'href="/orders/?status=all&amp;q=acme&amp;sort=-open&amp;page=2"' in html


def test_way_back_carries_nothing_but_filters(admin_client):
    html = open_page(admin_client, make_order(), "?next=//elsewhere.example/&from=javascript:1")

    assert "elsewhere" not in html
    assert "javascript:" not in html


def test_company_name_with_odd_characters_has_an_address(admin_client):
    order = make_order(company_db="SBO ÄÖ#1?")

    listed = admin_client.get("/orders/").content.decode()

    assert f'href="{address(order)}"' in listed
    assert open_page(admin_client, order)


def test_names_are_escaped(admin_client):
    order = make_order(card_name="<script>x", comments="<script>y", address="<script>z")
    make_line(order, item_description="<script>i", free_text="<script>f")

    assert "<script>" not in open_page(admin_client, order).partition("<body>")[2]


def test_order_page_takes_at_most_six_statements(admin_client, django_assert_max_num_queries):
    make_person(12)
    order = make_order()
    run = make_run()
    make_read(order, read_at=AT_1009, run=run)
    for number in range(20):
        make_line(order, line_num=number)
        make_change(order, field="project", old="a", new="b", run=run)

    with django_assert_max_num_queries(6):
        open_page(admin_client, order)
