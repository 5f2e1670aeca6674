"""The part of a company's page that says whether its mirror adds up to what SAP shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.template.loader import render_to_string

from ordermirror.web import reconciliation
from tests.web_builders import make_company, make_order, make_reconciliation

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_ten():
    with time_machine.travel(NOW, tick=False):
        yield


def html():
    context = {"reconciliation": reconciliation.of(make_company())}
    return render_to_string("ordermirror/_reconciliation.html", context)


def words():
    return " ".join(re.sub(r"<[^>]+>", " ", html()).split())


def test_equal_figures_stand_side_by_side():
    make_reconciliation(at=NOW.replace(minute=5))

    told = words()

    assert told.startswith("Compared with SAP Equal Reconciled 10:05: open orders 318 = 318 ,")
    assert "open sum 4,812,300.50 = 4,812,300.50 , closed orders 1,200 = 1,200" in told


def test_an_order_that_differs_is_a_link_to_its_page():
    order = make_order()
    lost = {"doc_entry": 9_999_999, "reason": "lacking", "at_sap": "1050.123456", "here": None}
    wrong = {"doc_entry": order.doc_entry, "reason": "total", "at_sap": "10", "here": "11"}
    side = {"orders": 317, "total": "4811250.376544"}
    here = {"at_sap": {"orders": 318, "total": "4812300.5"}, "here": side, "on_their_way": 0}
    make_reconciliation(differing=2, differences=[wrong, lost], open=here)

    told = words()

    assert "2 orders differ" in told
    assert "open orders 318 ≠ 317 , open sum 4,812,300.50 ≠ 4,811,250.376544 ," in told
    assert f"{order.doc_num} the totals differ 10.00 · 11.00" in told
    assert "DocEntry 9999999 open at SAP, not mirrored as open 1,050.123456 · –" in told
    assert html().count("<a ") == 1
    assert f'href="/orders/SBODEMO/{order.doc_entry}/"' in html()


def test_counts_between_which_the_mirror_lies_are_equal():
    count = {"before": 9, "after": 10, "here": 10, "unsettled": 0, "difference": 0}
    make_reconciliation(counts={"closed": count})

    assert "closed orders 9–10 = 10" in words()


def test_what_was_left_out_is_told():
    side = {"orders": 1, "total": "1"}
    opened = {"at_sap": side, "here": side, "on_their_way": 2}
    make_reconciliation(counts={}, open=opened, not_possible="SAP answered 403: <b>no</b>")

    told = html()

    assert "2 orders that changed meanwhile are left out." in told
    assert "SAP answered 403: &lt;b&gt;no&lt;/b&gt;" in told


def test_before_the_first_one_it_says_how_to_begin():
    assert "Nothing has been compared yet; ordermirror reconcile does so now." in words()


def test_another_company_is_not_told():
    make_reconciliation(company_db="SBOTWO")

    assert reconciliation.of(make_company()) is None
