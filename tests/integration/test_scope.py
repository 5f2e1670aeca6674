"""The scope that is mirrored, and changing it later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from django.utils import timezone

from ordermirror import document_sets, reaches
from ordermirror.core.plan import Plan
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.errors import BadAnswer
from ordermirror.export import exported_lines
from ordermirror.models import Company, OrderRead, Pending, SalesOrder
from ordermirror.owned.models import OrderNote
from ordermirror.sap.gateway import Gateway
from ordermirror.store import totals
from tests.support import TODAY, gateway_mirrored, mirrored

pytestmark = pytest.mark.django_db(transaction=True)
ONE, TWO = ("C00001",), ("C00001", "C00002")
SINCE = date(2025, 7, 1)


@pytest.fixture
def mirror(transactional_db):
    with mirrored(customers=8) as made:
        yield made


def at_noon():
    return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


def at_sap(mirror, scope):
    """What is in scope at SAP, as the export must print it."""
    expected = mirror.expected()
    return {
        doc["DocEntry"]: expected[doc["DocEntry"]]
        for doc in mirror.sandbox.orders()
        if scope.holds(
            doc["CardCode"], doc["DocDate"], is_open=doc["DocumentStatus"] == "bost_Open"
        )
    }


def settled(mirror, scope):
    """Runs until nothing is lacking."""
    mirror.scope = scope
    while True:
        report = mirror.sync()
        assert (report.outcome, report.problem) == ("complete", "")
        company = Company.objects.get(pk=mirror.company.pk)
        if (company.customers, company.since) == (company.loaded_customers, company.loaded_since):
            return report


def require_true_totals(mirror):
    assert totals.stored(mirror.company.pk) == totals.recounted(mirror.company.pk)


SCOPES = [Scope(customers=TWO), Scope(since=SINCE), Scope(customers=TWO, since=SINCE)]


@pytest.mark.parametrize("scope", SCOPES)
def test_first_load_takes_the_scope_alone(mirror, scope):
    mirror.scope = scope

    report = mirror.sync()

    assert mirror.exported() == at_sap(mirror, scope) != {}
    assert report.orders()["seen"] == len(mirror.exported()) < 120
    require_true_totals(mirror)


@pytest.mark.parametrize("scope", SCOPES)
def test_second_run_in_a_scope_changes_nothing(mirror, scope):
    mirror.scope = scope
    mirror.sync()

    report = mirror.sync()

    assert (report.outcome, report.rows_written) == ("complete", 0)
    assert mirror.exported() == at_sap(mirror, scope)


def test_an_added_customer_is_loaded_in_the_background(mirror):
    mirror.scope = Scope(customers=ONE)
    mirror.sync()

    settled(mirror, Scope(customers=TWO))

    assert mirror.exported() == at_sap(mirror, Scope(customers=TWO))
    require_true_totals(mirror)


def test_a_dropped_customer_is_hidden_and_nothing_deleted(mirror):
    mirror.scope = Scope(customers=TWO)
    mirror.sync()
    stored = SalesOrder.objects.count()

    settled(mirror, Scope(customers=ONE))

    assert mirror.exported() == at_sap(mirror, Scope(customers=ONE))
    assert SalesOrder.objects.count() == stored > len(mirror.exported())
    require_true_totals(mirror)


def test_older_days_are_loaded_in_the_background(mirror):
    mirror.scope = Scope(since=SINCE)
    mirror.sync()

    settled(mirror, EVERYTHING)

    assert mirror.exported() == mirror.expected()
    require_true_totals(mirror)


def test_a_shorter_history_deletes_and_hides_nothing(mirror):
    mirror.sync()

    mirror.scope = Scope(since=SINCE)
    report = mirror.sync()

    assert report.rows_written == 0
    assert mirror.exported() == mirror.expected()


def test_a_customer_who_comes_back_is_as_sap_shows_him_now(mirror):
    mirror.scope = Scope(customers=TWO)
    mirror.sync()
    settled(mirror, Scope(customers=ONE))
    mirror.business(60)
    settled(mirror, Scope(customers=ONE))

    settled(mirror, Scope(customers=TWO))

    assert mirror.exported() == at_sap(mirror, Scope(customers=TWO))
    assert not OrderRead.objects.filter(hidden=True).exists()
    require_true_totals(mirror)


def test_many_changes_of_the_scope_end_at_what_is_in_it_at_sap(mirror):
    mirror.scope = Scope(customers=TWO, since=SINCE)
    mirror.sync()
    people = (
        Scope(customers=("C00003", *ONE), since=date(2025, 10, 1)),
        Scope(customers=("C00004",)),
        EVERYTHING,
        Scope(customers=TWO),
        Scope(customers=(*TWO, "C00005"), since=SINCE),
    )
    for scope in people:
        mirror.scope = scope
        mirror.sync(plan=Plan(backfill_batches=1))
        mirror.business(10)
        require_true_totals(mirror)
    stored = SalesOrder.objects.count()

    settled(mirror, Scope(customers=(*TWO, "C00006")))

    assert mirror.exported() == at_sap(mirror, mirror.scope)
    assert SalesOrder.objects.count() >= stored
    require_true_totals(mirror)


def test_a_backfill_goes_on_in_the_next_run(mirror):
    mirror.page_size = 3
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    mirror.scope, sizes = Scope(customers=TWO), [len(mirror.exported())]

    while len(mirror.exported()) < len(at_sap(mirror, mirror.scope)):
        mirror.sync(plan=Plan(backfill_batches=2))
        sizes.append(len(mirror.exported()))

    assert len(sizes) > 2
    assert all(0 < after - before <= 6 for before, after in pairwise(sizes))
    assert mirror.exported() == at_sap(mirror, mirror.scope)


def test_new_orders_of_an_added_customer_are_left_to_the_backfill(mirror):
    """Otherwise adding a customer would read all of that customer's open orders in one run."""
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    mirror.scope = Scope(customers=TWO)

    report = mirror.sync(plan=Plan(backfill_batches=0))

    assert (report.outcome, report.rows_written) == ("complete", 0)
    assert not Pending.objects.exists()


def test_orders_below_the_backfill_are_refreshed_while_it_goes_on(mirror):
    mirror.page_size = 3
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    mirror.scope = Scope(customers=TWO)
    mirror.sync(plan=Plan(backfill_batches=1))
    mirror.business(40)

    mirror.sync(plan=Plan(backfill_batches=0))

    known, expected = mirror.exported(), at_sap(mirror, mirror.scope)
    assert known == {entry: expected[entry] for entry in known}


def test_an_order_whose_customer_changes_is_hidden_and_comes_back(mirror):
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    entry = min(SalesOrder.objects.open().values_list("doc_entry", flat=True))
    mirror.sandbox.put_raw(entry, CardCode="C00002")

    mirror.sync()

    order = SalesOrder.objects.get(doc_entry=entry)
    assert (order.hidden, order.card_code) == (True, "C00002")
    assert entry not in mirror.exported()
    require_true_totals(mirror)

    mirror.sandbox.put_raw(entry, CardCode="C00001")
    mirror.sync()

    assert mirror.exported() == at_sap(mirror, mirror.scope)
    require_true_totals(mirror)


def test_deliveries_of_other_customers_lead_to_no_reading(mirror):
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    mirror.business(60)

    report = mirror.sync()

    assert report.seen <= at_sap(mirror, mirror.scope).keys()
    assert mirror.exported() == at_sap(mirror, mirror.scope)


def test_a_full_load_owes_no_read_of_hidden_or_older_orders(mirror):
    mirror.scope = Scope(customers=TWO)
    mirror.sync()
    settled(mirror, Scope(customers=ONE))
    mirror.scope = Scope(customers=ONE, since=TODAY)

    report = mirror.sync(full=True)

    assert (report.outcome, report.missing, report.rows_written) == ("complete", 0, 0)
    assert not Pending.objects.exists()


def test_what_people_entered_stays_with_a_hidden_order(mirror):
    mirror.sync()
    order = SalesOrder.objects.filter(card_code="C00002").first()
    note = OrderNote.objects.create(
        order=order.pk, text="call first", author="amal", at=timezone.now()
    )
    settled(mirror, Scope(customers=ONE))

    settled(mirror, EVERYTHING)

    assert mirror.exported() == mirror.expected()
    assert OrderNote.objects.get() == note


def test_a_scope_that_changes_during_the_first_load_is_whole_in_the_end(mirror):
    mirror.page_size, mirror.scope = 5, Scope(customers=ONE)
    mirror.sync(stopping=SalesOrder.objects.exists)
    loaded = SalesOrder.objects.count()

    settled(mirror, Scope(customers=TWO))

    assert 0 < loaded < len(at_sap(mirror, Scope(customers=ONE)))
    assert mirror.exported() == at_sap(mirror, Scope(customers=TWO))


def test_another_company_is_told_though_all_orders_are_hidden(mirror):
    mirror.scope = Scope(customers=ONE)
    mirror.sync()
    mirror.scope = Scope(customers=("ZZ",))
    mirror.sync()
    for document in mirror.sandbox.orders():
        mirror.sandbox.put_raw(document["DocEntry"], DocNum=document["DocNum"] + 1)

    report = mirror.sync()

    assert report.outcome == "failed"
    assert Company.objects.get().conflict


def test_list_says_what_it_is_made_of(mirror, admin_client):
    mirror.scope = Scope(customers=ONE, since=SINCE)
    mirror.sync()
    mirror.scope = Scope(customers=TWO, since=SINCE)
    mirror.sync(plan=Plan(backfill_batches=0))

    page = admin_client.get("/orders/").content.decode()

    assert "Orders of customers C00001…, C00002… only." in page
    assert "Orders that are not open are here from 2025-07-01 on." in page
    assert "Others are still being loaded." in page


def test_list_of_everything_says_nothing_of_its_scope(mirror, admin_client):
    mirror.sync()

    page = admin_client.get("/orders/").content.decode()

    assert "only." not in page
    assert "from 20" not in page


def test_a_hidden_order_has_no_page_and_is_in_no_list(mirror, admin_client):
    mirror.sync()
    hidden = SalesOrder.objects.open().filter(card_code="C00002").first()
    settled(mirror, Scope(customers=ONE))

    page = admin_client.get(f"/orders/SBODEMO/{hidden.doc_entry}/")
    found = admin_client.get(f"/orders/?q={hidden.doc_num}&status=all")

    assert page.status_code == 404
    assert "mirrored no longer" in page.content.decode()
    assert f"/{hidden.doc_entry}/" not in found.content.decode()
    lines = {line["doc_entry"] for line in exported_lines(mirror.company.pk)}
    assert lines == mirror.exported().keys()


def test_a_gateways_orders_of_other_customers_are_left_out(transactional_db):
    with gateway_mirrored(customers=8) as mirror:
        mirror.scope = Scope(customers=TWO)

        report = mirror.sync(clock=at_noon)

        ours = mirror.wanted(days=5).keys() & at_sap(mirror, mirror.scope).keys()
        assert mirror.exported().keys() == ours == report.seen
        require_true_totals(mirror)


def test_a_customer_comes_back_through_a_gateway(transactional_db):
    with gateway_mirrored(customers=8) as mirror:
        mirror.sync(clock=at_noon)
        known = mirror.exported().keys()
        mirror.scope = Scope(customers=ONE)
        mirror.sync(clock=at_noon)
        assert 0 < len(mirror.exported()) < len(known)
        mirror.business(40)
        mirror.scope = EVERYTHING

        while (report := mirror.sync(clock=at_noon)).rows_written:
            assert report.outcome == "complete"

        assert mirror.exported() == {entry: mirror.expected()[entry] for entry in mirror.exported()}
        assert mirror.exported().keys() >= known
        assert not OrderRead.objects.filter(hidden=True).exists()
        require_true_totals(mirror)


@pytest.fixture
def gateway(transactional_db):
    with gateway_mirrored(customers=8) as mirror:
        yield mirror


@pytest.fixture
def days_asked(monkeypatch):
    """The days of which a gateway is asked for all orders."""
    asked, posted_on = [], Gateway.posted_on

    def noted(self, day):
        asked.append(day)
        return posted_on(self, day)

    monkeypatch.setattr(Gateway, "posted_on", noted)
    return asked


def brought_up(mirror, scope, *, batches=1000):
    mirror.scope = scope
    while True:
        report = mirror.sync(clock=at_noon, plan=Plan(backfill_batches=batches))
        assert (report.outcome, report.problem) == ("complete", "")
        if not reaches.of(Company.objects.get(pk=mirror.company.pk)).lacks:
            return


def ago(days):
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize("scope", [Scope(since=SINCE), Scope(customers=TWO, since=SINCE)])
def test_a_gateway_is_asked_for_older_days_until_the_history_is_there(gateway, scope):
    brought_up(gateway, scope)

    assert gateway.exported() == at_sap(gateway, scope)
    assert len(gateway.exported()) > len(at_sap(gateway, replace(scope, since=ago(5))))
    require_true_totals(gateway)


def test_a_run_asks_a_gateway_for_so_many_older_days_and_the_next_one_goes_on(gateway, days_asked):
    gateway.scope = Scope(since=SINCE)
    plan = Plan(backfill_batches=4)
    gateway.sync(clock=at_noon, plan=plan)
    days_asked.clear()

    for _ in range(2):
        gateway.sync(clock=at_noon, plan=plan)

    assert [day for day in days_asked if day < ago(3)] == [ago(days) for days in range(4, 12)]


def test_a_longer_history_of_a_gateway_loads_the_rest_alone(gateway, days_asked):
    brought_up(gateway, Scope(since=ago(30)))
    days_asked.clear()

    brought_up(gateway, Scope(since=ago(50)))

    older = [day for day in days_asked if day < ago(3)]
    assert older == [ago(days) for days in range(31, 51)]
    assert gateway.exported() == at_sap(gateway, Scope(since=ago(50)))


def test_a_shorter_history_of_a_gateway_deletes_nothing_and_asks_for_no_day(gateway, days_asked):
    brought_up(gateway, Scope(since=SINCE))
    known = gateway.exported()
    days_asked.clear()

    brought_up(gateway, Scope(since=ago(10)))

    assert gateway.exported() == known
    assert min(days_asked) == ago(3)


def test_a_history_set_later_is_loaded_through_a_gateway(gateway):
    gateway.sync(clock=at_noon)
    few = len(gateway.exported())

    brought_up(gateway, Scope(since=SINCE))

    assert gateway.exported() == at_sap(gateway, Scope(since=SINCE))
    assert len(gateway.exported()) > few


def test_older_days_of_an_added_customer_are_asked_for_anew(gateway):
    brought_up(gateway, Scope(customers=ONE, since=SINCE))

    brought_up(gateway, Scope(customers=TWO, since=SINCE))

    assert gateway.exported() == at_sap(gateway, Scope(customers=TWO, since=SINCE))
    require_true_totals(gateway)


def test_a_day_that_a_gateway_could_not_tell_is_asked_for_again(gateway, days_asked):
    gateway.scope = Scope(since=SINCE)
    gateway.sync(clock=at_noon, plan=Plan(backfill_batches=0))
    load_day = document_sets.load_day

    def fails(run, source, day):
        if day == ago(7):
            raise BadAnswer("no answer for that day")
        return load_day(run, source, day)

    with patch.object(document_sets, "load_day", fails):
        report = gateway.sync(clock=at_noon)
    days_asked.clear()

    gateway.sync(clock=at_noon)

    assert report.outcome == "incomplete"
    assert max(day for day in days_asked if day < ago(3)) == ago(7)


def test_a_gateway_without_a_history_is_asked_for_no_older_day(gateway, days_asked):
    gateway.sync(clock=at_noon)
    gateway.sync(clock=at_noon)

    assert min(days_asked) == ago(5)
    assert not reaches.of(Company.objects.get()).lacks
