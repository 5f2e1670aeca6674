"""A mirror that reads from a gateway: whole sets, numbered pages, and nothing closed by absence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ordermirror.core.scope import Scope
from ordermirror.models import (
    Customer,
    OrderRead,
    Pending,
    Position,
    Probe,
    Quarantine,
    ReadLog,
    SalesOrder,
    SalesPerson,
)
from ordermirror.sandbox import Fault
from ordermirror.sandbox.gateway import PATH, RESOURCE
from ordermirror.sandbox.http import Answer
from ordermirror.sync import request_refresh
from tests.support import Mirror, answers, gateway_mirrored

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PASSING = (
    "html", "html_502", "empty", "empty_500", "http_503", "error_200", "truncated",
    "truncated_json", "reset", "retry_after_429", "no_value", "value_not_list", "shuffled",
    "duplicate", "dropped_row", "foreign_row", "wrong_count",
)  # fmt: skip
LASTING = tuple(kind for kind in PASSING if kind != "shuffled")
COUNTS = ("text", "number", "none", "bare")


def at(moment):
    return lambda: moment


@pytest.fixture
def mirror(transactional_db):
    """An empty mirror, and beside it a gateway with five orders a page."""
    with gateway_mirrored(gateway_page_size=5) as made:
        yield made


def sync(mirror, moment=NOW, **options):
    return mirror.sync(clock=at(moment), **options)


def an_open_order(mirror):
    return next(it for it in mirror.sandbox.orders() if it["DocumentStatus"] == "bost_Open")


def close(mirror, doc_entry):
    """As a person would, without a stamp."""
    lines = mirror.sandbox.order(doc_entry)["DocumentLines"]
    closed = [line | {"LineStatus": "bost_Close"} for line in lines]
    mirror.sandbox.put_raw(doc_entry, DocumentStatus="bost_Close", DocumentLines=closed)


def test_a_first_load_is_of_open_orders_and_those_of_the_last_five_days(mirror):
    report = sync(mirror)

    assert report.outcome == "complete"
    assert report.first_load
    assert mirror.exported() == mirror.wanted(days=5)
    assert len(mirror.exported()) < len(mirror.expected())


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("dates", ["dashes", "slashes"])
def test_every_way_to_count_and_to_write_a_date_gives_the_same_orders(
    transactional_db, count, dates
):
    with gateway_mirrored(
        orders=60, gateway_page_size=4, gateway_count=count, gateway_dates=dates
    ) as mirror:
        sync(mirror)
        mirror.business(events=30)

        report = sync(mirror)

        mirrored, source = mirror.exported(), mirror.expected()
        assert report.outcome == "complete"
        assert mirrored == {entry: source[entry] for entry in mirrored}
        assert mirrored.keys() >= mirror.wanted(days=3).keys()


def test_a_quiet_run_reads_the_sets_and_writes_no_business_row(mirror):
    sync(mirror)

    report = sync(mirror)

    assert (report.outcome, report.rows_written) == ("complete", 0)
    assert {probe.probe for probe in report.probes} == {Probe.IDENTITY, Probe.OPEN, Probe.RECENT}
    assert not Pending.objects.exists()
    assert not ReadLog.objects.exists()


def test_a_quiet_run_asks_for_each_page_once(mirror):
    sync(mirror)
    open_orders = sum(it["DocumentStatus"] == "bost_Open" for it in mirror.sandbox.orders())

    report = sync(mirror)

    requests = {probe.probe: probe.requests for probe in report.probes}
    assert requests == {Probe.IDENTITY: 6, Probe.OPEN: -(-open_orders // 5), Probe.RECENT: 4}


def test_an_order_that_left_the_open_set_is_read_by_its_number(mirror):
    sync(mirror)
    order = an_open_order(mirror)
    close(mirror, order["DocEntry"])

    report = sync(mirror)

    assert report.orders()["closed"] == 1
    assert [p.requests for p in report.probes if p.probe == Probe.BY_KEY] == [1]
    assert SalesOrder.objects.get(doc_entry=order["DocEntry"]).document_status == "closed"


def test_of_orders_with_one_number_the_others_are_left_alone(mirror):
    """DocNum is unique within a series only."""
    orders = mirror.sandbox.orders()
    first, second = [it for it in orders if it["DocumentStatus"] == "bost_Open"][:2]
    stranger = next(it for it in orders if it["DocumentStatus"] == "bost_Close")
    for other in (second, stranger):
        mirror.sandbox.put_raw(other["DocEntry"], DocNum=first["DocNum"])
    sync(mirror)
    close(mirror, first["DocEntry"])

    report = sync(mirror)

    statuses = dict(SalesOrder.objects.values_list("doc_entry", "document_status"))
    assert report.orders()["closed"] == 1
    assert statuses[first["DocEntry"]] == "closed"
    assert statuses[second["DocEntry"]] == "open"
    assert stranger["DocEntry"] not in statuses


def test_a_refresh_on_request_is_by_number(mirror):
    sync(mirror)
    order = an_open_order(mirror)
    close(mirror, order["DocEntry"])
    sync(mirror)
    mirror.sandbox.put_raw(order["DocEntry"], Comments="changed after its closing")
    request_refresh(mirror.company.pk, order["DocEntry"])

    sync(mirror)

    stored = SalesOrder.objects.get(doc_entry=order["DocEntry"])
    assert stored.comments == "changed after its closing"


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_is_recovered_from(mirror, kind):
    sync(mirror)
    mirror.business(events=20)
    mirror.sandbox.faults.add(Fault(kind=kind, path=RESOURCE, after=7))

    report = sync(mirror)

    mirrored, source = mirror.exported(), mirror.expected()
    assert mirror.sandbox.faults.struck() == {kind: 1}
    assert report.outcome == "complete"
    assert mirrored == {entry: source[entry] for entry in mirrored}


@pytest.mark.parametrize("kind", [*LASTING, "redirect", "expired"])
def test_a_lasting_fault_closes_nothing_and_moves_no_position(mirror, kind):
    sync(mirror)
    sync(mirror)
    before, open_read = mirror.exported(), Position.objects.get(probe=Probe.OPEN).completed_at
    mirror.business(events=30)
    mirror.sandbox.faults.add(Fault(kind=kind, path=RESOURCE, after=8, times=None))

    report = sync(mirror, NOW + timedelta(minutes=5))

    source = mirror.expected()
    assert report.outcome in ("incomplete", "failed")
    assert Position.objects.get(probe=Probe.OPEN).completed_at == open_read
    assert not Pending.objects.filter(probe=Probe.OPEN).exists()
    for doc_entry, order in mirror.exported().items():
        assert order in (before.get(doc_entry), source[doc_entry])


@pytest.mark.parametrize("count", COUNTS)
def test_a_set_whose_pages_moved_is_read_again(transactional_db, count):
    """An order closed after its page was read: the others moved up, and one was never shown."""
    with gateway_mirrored(orders=60, gateway_page_size=4, gateway_count=count) as mirror:
        sync(mirror)
        first = an_open_order(mirror)["DocEntry"]
        on_page(mirror, 2, of='"DocumentStatus"', do=lambda: close(mirror, first))

        report = sync(mirror)

        mirrored, source = mirror.exported(), mirror.expected()
        assert report.outcome == "complete"
        assert mirrored == {entry: source[entry] for entry in mirrored}
        assert report.orders()["closed"] == 1
        assert SalesOrder.objects.get(doc_entry=first).document_status == "closed"


@pytest.mark.parametrize("count", COUNTS)
def test_a_set_that_never_holds_still_fails_its_probe_and_closes_nothing(transactional_db, count):
    with gateway_mirrored(orders=90, gateway_page_size=4, gateway_count=count) as mirror:
        sync(mirror)
        before = mirror.exported()
        mirror.sandbox.faults.add(Fault(kind="duplicate", path=RESOURCE, after=7, times=None))

        report = sync(mirror)

        open_probe = next(it for it in report.probes if it.probe == Probe.OPEN)
        assert "moved under 4 readings" in open_probe.problem
        assert mirror.exported() == before
        assert not Pending.objects.exists()


def on_page(mirror, number, *, of, do):
    """Do something once, right before the answer to a page of a set is given."""
    waiting = [do]
    respond = mirror.sandbox._gateway._read

    def read(request):
        body = request.body.decode()
        if waiting and of in body and f'"pageNumber":{number}' in body:
            waiting.pop()()
        return respond(request)

    mirror.sandbox._gateway._read = read


def test_an_order_that_looks_torn_is_read_again_though_it_was_owed_without_a_number(mirror):
    """It was asked for before it was ever seen, and stayed owed for ever (seed 2,673)."""
    order = an_open_order(mirror)
    mirror.sandbox.put_raw(order["DocEntry"], DocTotal=order["DocTotal"] + 100)
    request_refresh(mirror.company.pk, order["DocEntry"])

    sync(mirror)

    assert SalesOrder.objects.filter(doc_entry=order["DocEntry"]).exists()
    assert not Pending.objects.exists()


def test_an_order_that_the_gateway_cannot_render_does_not_hold_up_the_others(mirror):
    sync(mirror)
    orders = [it for it in mirror.sandbox.orders() if it["DocumentStatus"] == "bost_Open"]
    closed = sorted(orders[5:10], key=lambda order: order["DocNum"])
    for order in closed:
        close(mirror, order["DocEntry"])
    poison = closed[0]
    read = mirror.sandbox._gateway._read

    def cannot_render(request):
        asked = json.loads(request.body)
        return Answer(status=500) if asked.get("DocNum") == poison["DocNum"] else read(request)

    mirror.sandbox._gateway._read = cannot_render

    report = sync(mirror)

    assert report.orders()["closed"] == 4
    assert Quarantine.objects.get().doc_entry == poison["DocEntry"]
    assert SalesOrder.objects.get(doc_entry=poison["DocEntry"]).document_status == "open"


def test_an_order_that_is_gone_is_suspect_and_stays_as_it_is(mirror):
    sync(mirror)
    orders = [it for it in mirror.sandbox.orders() if it["DocumentStatus"] == "bost_Open"]
    gone = orders[len(orders) // 2]["DocEntry"]
    before = mirror.exported()[gone]
    mirror.sandbox.remove(gone)

    report = sync(mirror)

    assert report.orders()["missing"] == 1
    assert mirror.exported()[gone] == before
    assert Pending.objects.get(doc_entry=gone).not_found == 1


def test_an_order_that_stays_gone_for_an_hour_is_missing_and_is_found_when_it_is_shown(mirror):
    sync(mirror)
    orders = [it for it in mirror.sandbox.orders() if it["DocumentStatus"] == "bost_Open"]
    gone = orders[len(orders) // 2]
    mirror.sandbox.remove(gone["DocEntry"])
    for minutes in (5, 35, 65, 95):
        sync(mirror, NOW + timedelta(minutes=minutes))
    missing = OrderRead.objects.get(doc_entry=gone["DocEntry"]).missing_since
    mirror.sandbox.company.orders.add(gone)
    mirror.sandbox.company.orders.touch(gone["DocEntry"])

    sync(mirror, NOW + timedelta(minutes=100))

    assert missing is not None
    assert OrderRead.objects.get(doc_entry=gone["DocEntry"]).missing_since is None


def test_a_document_that_cant_be_taken_is_set_aside_and_read_by_number_once_it_left_the_set(mirror):
    """It was never stored, so its number is known from the document alone."""
    order = an_open_order(mirror)
    mirror.sandbox.put_raw(order["DocEntry"], DocTotal="abc")
    sync(mirror)
    set_aside = Quarantine.objects.get()
    mirror.sandbox.put_raw(order["DocEntry"], DocTotal=order["DocTotal"])
    close(mirror, order["DocEntry"])

    sync(mirror, NOW + timedelta(minutes=20))

    assert (set_aside.doc_entry, set_aside.doc_num) == (order["DocEntry"], order["DocNum"])
    assert not Quarantine.objects.exists()
    assert SalesOrder.objects.get(doc_entry=order["DocEntry"]).document_status == "closed"


def test_a_document_that_is_refused_as_it_was_waits_for_its_next_try(mirror):
    mirror.sandbox.put_raw(an_open_order(mirror)["DocEntry"], DocTotal="abc")
    sync(mirror)

    for minutes in (1, 2, 3):
        sync(mirror, NOW + timedelta(minutes=minutes))

    assert Quarantine.objects.get().attempts == 1


def test_another_company_behind_the_gateway_stops_the_writing(mirror):
    sync(mirror)
    before = mirror.exported()
    with gateway_mirrored(seed=8) as other:
        mirror.url = other.url

        report = sync(mirror)

    mirror.company.refresh_from_db()
    assert report.outcome == "failed"
    assert mirror.company.conflict
    assert mirror.exported() == before


def test_after_days_without_a_run_all_days_since_are_read(mirror):
    """An order that was posted and closed meanwhile is in no other set."""
    sync(mirror)
    sync(mirror)
    mirror.sandbox.advance(timedelta(days=1))
    known = mirror.expected().keys()
    while not (new := [e for e in mirror.expected() if e not in known]):
        mirror.business(events=5)
    for doc_entry in new:
        close(mirror, doc_entry)

    sync(mirror, NOW + timedelta(days=30))

    assert mirror.exported().keys() >= set(new)


def test_closed_orders_are_audited_by_number(mirror):
    sync(mirror)
    order = an_open_order(mirror)
    close(mirror, order["DocEntry"])
    for minutes in (5, 10):  # closed, and read once more
        sync(mirror, NOW + timedelta(minutes=minutes))
    mirror.sandbox.put_raw(order["DocEntry"], Comments="changed in silence")

    report = sync(mirror, NOW + timedelta(days=31))

    stored = SalesOrder.objects.get(doc_entry=order["DocEntry"])
    assert stored.comments == "changed in silence"
    assert report.silent_changes == 1


def test_a_full_run_reads_every_stored_order(mirror):
    sync(mirror)
    order = an_open_order(mirror)
    close(mirror, order["DocEntry"])
    sync(mirror)
    mirror.sandbox.put_raw(order["DocEntry"], Comments="changed in silence")

    report = sync(mirror, full=True)

    assert report.outcome == "complete"
    assert len(report.seen) == SalesOrder.objects.count()
    assert SalesOrder.objects.get(doc_entry=order["DocEntry"]).comments == "changed in silence"


def test_sales_people_are_named_by_their_orders(mirror):
    sync(mirror)

    orders = [mirror.sandbox.order(entry) for entry in mirror.exported()]
    theirs = {it["SalesEmployeeCode"]: it for it in mirror.sandbox.rows("SalesPersons")}
    named = dict(SalesPerson.objects.values_list("sales_employee_code", "sales_employee_name"))
    codes = {order["SalesPersonCode"] for order in orders}
    assert named == {code: theirs[code]["SalesEmployeeName"] for code in codes}


def test_customers_are_mirrored_as_they_come_with_their_orders(mirror):
    sync(mirror)

    orders = [mirror.sandbox.order(entry) for entry in mirror.exported()]
    theirs = {it["CardCode"]: it for it in mirror.sandbox.rows("BusinessPartners")}
    stored = Customer.objects.values_list("card_code", "card_name", "phone1", "currency")
    assert sorted(stored) == [
        (code, theirs[code]["CardName"], theirs[code]["Phone1"], None)
        for code in sorted({order["CardCode"] for order in orders})
    ]


def test_a_renamed_customer_follows_and_what_is_not_told_stays(mirror):
    sync(mirror)
    code = an_open_order(mirror)["CardCode"]
    Customer.objects.filter(card_code=code).update(currency="AED")
    mirror.sandbox.edit_row("BusinessPartners", code, CardName="Renamed LLC", Phone1=None)

    report = sync(mirror)

    stored = Customer.objects.get(card_code=code)
    assert (stored.card_name, stored.phone1, stored.currency) == ("Renamed LLC", None, "AED")
    assert report.rows_written == 1


def test_customers_out_of_the_scope_are_not_mirrored(mirror):
    code = an_open_order(mirror)["CardCode"]
    mirror.scope = Scope(customers=(code,))

    sync(mirror)

    assert set(Customer.objects.values_list("card_code", flat=True)) == {code}


def test_a_customer_that_cant_be_read_holds_no_order_up(mirror):
    code = an_open_order(mirror)["CardCode"]
    mirror.sandbox.edit_row("BusinessPartners", code, CardName="a\0b")

    report = sync(mirror)

    assert report.outcome == "complete"
    assert mirror.exported() == mirror.wanted(days=5)
    assert not Customer.objects.filter(card_code=code).exists()


def test_the_token_is_sent_in_its_header(transactional_db):
    with gateway_mirrored(orders=20, gateway_token="Bearer s3cret") as mirror:
        mirror.token = "Bearer s3cret"

        assert sync(mirror).outcome == "complete"


def test_a_wrong_token_ends_the_run_at_once_and_is_not_told(transactional_db):
    with gateway_mirrored(orders=20, gateway_token="Bearer s3cret") as mirror:
        mirror.token = "Bearer wr0ng"

        report = sync(mirror)

        assert report.outcome == "failed"
        assert report.requests == 1
        assert "401" in report.problem
        assert "wr0ng" not in json.dumps(report.as_json())


def test_orders_that_were_not_asked_for_fail_the_probe(mirror):
    """A gateway that ignores the filter says nothing about the open orders."""
    sync(mirror)

    def unfiltered(url, answer):
        return type(answer)(
            answer.status, answer.headers, answer.body.replace(b'"bost_Open"', b'"bost_Close"')
        )

    answers(mirror, unfiltered)

    report = sync(mirror)

    assert report.outcome == "incomplete"
    assert "not asked for" in report.problem
    assert set(SalesOrder.objects.values_list("document_status", flat=True)) >= {"open"}


def past_the_gateway(mirror):
    """The same mirror, refreshed from the Service Layer."""
    return Mirror(mirror.sandbox, mirror.url.replace(PATH, "/b1s/v2"), mirror.company)


def test_a_mirror_of_the_service_layer_can_be_handed_to_a_gateway_and_back(mirror):
    direct = past_the_gateway(mirror)
    direct.sync(clock=at(NOW))
    mirror.business(events=20)

    through = sync(mirror)
    mirror.business(events=20)
    back = direct.sync(clock=at(NOW))

    assert (through.outcome, back.outcome) == ("complete", "complete")
    assert direct.exported() == direct.expected()


def test_a_mirror_that_began_with_a_gateway_is_completed_by_the_service_layer(mirror):
    direct = past_the_gateway(mirror)
    sync(mirror)

    report = direct.sync(clock=at(NOW))

    assert report.outcome == "complete"
    assert direct.exported() == direct.expected()
