"""How systems like this one failed, case by case; each is a promise that it can't happen here.

Cases about pushed documents, Excel uploads and deployment have no counterpart here. F2, F8, F9 to
F12, F14 to F16 and F22 stand with the behaviour they belong to.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from ordermirror import background, companies, tasks
from ordermirror.core.fetched import Batch, KeyCoverage
from ordermirror.core.plan import Plan
from ordermirror.lease import held
from ordermirror.master_models import Customer
from ordermirror.models import Company, OrderRead, Quarantine, SalesOrder, SyncRun
from ordermirror.sandbox import Fault
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from ordermirror.sync import request_refresh
from tests.integration.test_faults import refusing
from tests.support import answers, gateway_mirrored, mirrored

COUNTS = ("odata.count", "@odata.count")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MASTERS_EACH_RUN = Plan(items_every=timedelta(0), customers_every=timedelta(0))


def open_here():
    return set(SalesOrder.objects.open().values_list("doc_entry", flat=True))


def altered(mirror, monkeypatch, change):
    """Every answer to a question about orders passes through `change`, as a dictionary."""

    def transport_send(send):
        def changed(method, url, headers, body=None):
            answer = send(method, url, headers, body)
            if "/Orders?" not in url or answer.status != 200:
                return answer
            page = json.loads(answer.body, parse_float=Decimal)
            change(page)
            return replace(answer, body=json.dumps(page, default=float).encode())

        return changed

    make = mirror.source

    def source(*args):
        made = make(*args)
        session = made._session
        monkeypatch.setattr(session._transport, "send", transport_send(session._transport.send))
        return made

    mirror.source = source


def test_fault_F01_asking_for_one_order_closes_no_other(mirror):
    """F1: a sync filtered to one number closed 49 of 50 open orders."""
    mirror.sync()
    before = open_here()
    request_refresh(mirror.company.pk, min(before))

    mirror.sync()

    assert open_here() == before


@pytest.fixture
def gateway(transactional_db):
    with gateway_mirrored(gateway_page_size=20) as made:
        yield made


def through_gateway(gateway):
    return gateway.sync(clock=lambda: NOON)


@pytest.mark.parametrize("version", [1, 2])
def test_fault_F03_a_missing_count_loses_no_page(transactional_db, monkeypatch, version):
    """F3: without a count on the first page only 20 rows were fetched, and 30 orders closed."""
    with mirrored(version=version) as mirror:
        mirror.page_size = 10
        altered(mirror, monkeypatch, lambda page: [page.pop(name, None) for name in COUNTS])

        report = mirror.sync()

        assert (report.outcome, report.orders()["seen"]) == ("complete", 120)


@pytest.mark.parametrize("counting", ["none", "bare"])
def test_fault_F03_a_gateway_that_does_not_count_loses_no_page(transactional_db, counting):
    with gateway_mirrored(gateway_page_size=20, gateway_count=counting) as gateway:
        reports = [through_gateway(gateway), through_gateway(gateway)]

        assert [it.outcome for it in reports] == ["complete", "complete"]
        assert gateway.exported() == gateway.wanted(days=5)


@pytest.mark.parametrize("page_size", [1, 10, 200])
def test_fault_F04_a_gateway_with_pages_of_another_size_loses_none(transactional_db, page_size):
    with gateway_mirrored(gateway_page_size=page_size) as gateway:
        reports = [through_gateway(gateway), through_gateway(gateway)]

        assert [it.outcome for it in reports] == ["complete", "complete"]
        assert gateway.exported() == gateway.wanted(days=5)


def test_fault_F04_a_server_that_sends_smaller_pages_loses_none(mirror, monkeypatch):
    """F4: the page size was assumed, so a server's page of 10 made 20 orders close."""

    def cut(page):
        page["value"] = page["value"][:7]

    altered(mirror, monkeypatch, cut)
    first = mirror.sync()
    second = mirror.sync()

    assert (first.outcome, second.outcome) == ("complete", "complete")
    assert mirror.exported() == mirror.expected()


def test_fault_F05_an_empty_answer_closes_nothing(mirror, monkeypatch):
    """F5: an empty list of numbers closed every open order, and the answer was success."""
    mirror.sync()
    before = open_here()

    def empty(page):
        page["value"] = []
        page.update({name: 0 for name in COUNTS if name in page})

    altered(mirror, monkeypatch, empty)
    report = mirror.sync()

    assert report.outcome == "failed"
    assert open_here() == before


def test_fault_F06_an_older_read_does_not_undo_a_newer_one(mirror):
    """F6: replaying an older push re-opened closed orders and closed newer ones."""
    mirror.sync()
    document = mirror.sandbox.orders()[-1]
    older = next(iter(mirror.source().by_key([document["DocEntry"]]))).documents[0]
    mirror.sandbox.put_raw(document["DocEntry"], DocumentStatus="bost_Close")
    mirror.sync()
    before = mirror.export()

    with held(mirror.company.pk) as lease:
        batch = Batch((older,), KeyCoverage(frozenset([older.doc_entry])))
        apply_batch(applying(lease), batch)

    assert mirror.export() == before


def applying(lease):
    run = SyncRun.objects.order_by("-pk")[0]
    return Applying(lease=lease, run_id=run.pk, decode=decode_order, now=lambda: datetime.now(UTC))


def test_fault_F07_a_status_that_is_unknown_is_not_closed(mirror):
    """F7: anything but bost_Open was closed, and cancelled orders were closed ones."""
    mirror.sync()
    limbo, gone = sorted(open_here())[5:7]
    mirror.sandbox.edit(limbo, DocumentStatus="")
    mirror.sandbox.edit(gone, DocumentStatus="bost_Close", Cancelled="tYES")

    mirror.sync()

    stored = {order.doc_entry: order for order in SalesOrder.objects.all()}
    assert stored[limbo].document_status == ""
    assert (stored[gone].document_status, stored[gone].cancelled) == ("closed", True)


def test_fault_F17_applying_orders_does_not_touch_their_customer(mirror):
    """F17: the whole row was saved as it was read earlier, with the address of the last order."""
    mirror.sync()
    orders = [mirror.sandbox.order(doc_entry) for doc_entry in sorted(open_here())]
    code = orders[0]["CardCode"]
    for order in (it for it in orders if it["CardCode"] == code):
        mirror.sandbox.edit(order["DocEntry"], CardName="As it was", Address="Another street")
    customer = Customer.objects.filter(company=mirror.company, card_code=code)
    news = {"phone1": "04 555 0101", "currency": "EUR", "sales_person_code": 3}
    written = []

    def meanwhile(batch):
        written.append(customer.update(card_name="As it is", **news))

    mirror.on_by_key = meanwhile
    report = mirror.sync()

    assert report.orders()["changed"]
    assert written
    assert customer.values("card_name", *news).get() == {"card_name": "As it is", **news}


def test_fault_F17_a_customer_is_what_sap_says_of_it_and_not_what_orders_say(mirror):
    mirror.sync(plan=MASTERS_EACH_RUN)
    order = mirror.sandbox.order(max(open_here()))
    mirror.sandbox.edit(order["DocEntry"], CardName="As it was", Address="Another street")
    mirror.sandbox.edit_row("BusinessPartners", order["CardCode"], CardName="As it is")

    mirror.sync(plan=MASTERS_EACH_RUN)

    customer = Customer.objects.get(company=mirror.company, card_code=order["CardCode"])
    stored = SalesOrder.objects.get(doc_entry=order["DocEntry"])
    assert customer.card_name == "As it is"
    assert (stored.card_name, stored.address) == ("As it was", "Another street")


def test_fault_F18_what_a_run_reports_is_stored(mirror):
    """F18: an error caught inside a transaction rolled it back, and the report said 2 created."""
    mirror.sandbox.put_raw(mirror.sandbox.orders()[5]["DocEntry"], Comments="refused")
    with refusing():
        report = mirror.sync()

    assert report.orders()["created"] == SalesOrder.objects.count() == 119
    assert report.orders()["quarantined"] == Quarantine.objects.count() == 1


def assert_one_bad_order_blocks_nobody(mirror, **raw):
    bad = mirror.sandbox.orders()[5]["DocEntry"]
    mirror.sandbox.put_raw(bad, **raw)

    reports = [mirror.sync(), mirror.sync()]

    assert [(it.outcome, it.orders()["created"]) for it in reports] == [
        ("complete", 119),
        ("complete", 0),
    ]
    assert Quarantine.objects.get().doc_entry == bad


def test_fault_F19_one_bad_value_blocks_nobody(mirror):
    """F19: a discount of 1000 or a price of 1e12 stored 0 of 5 orders, every run."""
    assert_one_bad_order_blocks_nobody(mirror, DiscountPercent=Decimal("1e15"))


@pytest.mark.parametrize("field", ["NumAtCard", "CardName", "Comments"])
def test_fault_F20_an_over_long_text_blocks_nobody_and_is_not_cut(mirror, field):
    """F20: it failed the whole batch on one database, and was stored silently on another."""
    assert_one_bad_order_blocks_nobody(mirror, **{field: "x" * 20_000})

    assert field in Quarantine.objects.get().reason


def test_fault_F21_a_row_that_comes_twice_is_one_order(mirror):
    """F21: a row shifting between pages came twice, and the first sync stored nothing."""
    mirror.page_size = 10

    mirror.sync(progress=lambda done, total: mirror.business(1))
    mirror.sync()

    assert SalesOrder.objects.count() == len(mirror.sandbox.orders())
    assert mirror.exported() == mirror.expected()


def test_fault_F21_a_page_with_a_row_twice_is_not_taken(mirror):
    mirror.sandbox.faults.add(Fault(kind="duplicate", path="Orders", times=None))

    report = mirror.sync()

    assert report.outcome == "incomplete"
    assert "out of order" in report.problem


def test_fault_F21_a_gateways_row_that_comes_twice_is_one_order(gateway):
    """Its pages are numbered, so an order that comes in before shifts another into the next one."""
    orders = gateway.sandbox.orders()
    late = next(it["DocEntry"] for it in orders if it["DocumentStatus"] == "bost_Close")

    def reopened(url, answer):
        if late in shifted:
            lines = gateway.sandbox.order(shifted.pop())["DocumentLines"]
            opened = [line | {"LineStatus": "bost_Open"} for line in lines]
            gateway.sandbox.put_raw(late, DocumentStatus="bost_Open", DocumentLines=opened)
        return answer

    shifted = [late]
    answers(gateway, reopened)

    report = through_gateway(gateway)

    assert report.outcome == "complete"
    assert SalesOrder.objects.count() == len(gateway.wanted(days=5))
    assert gateway.exported() == gateway.wanted(days=5)


def test_fault_F21_a_gateways_set_with_a_row_twice_is_not_taken_as_whole(gateway):
    gateway.sandbox.faults.add(Fault(kind="duplicate", path="SalesOrder", times=None))

    report = through_gateway(gateway)

    assert report.outcome == "incomplete"
    assert "came twice" in report.problem


def test_fault_F25_the_pending_total_has_one_meaning(mirror):
    """F25: the column fell back to the gross total when everything was delivered."""
    mirror.sync()
    delivered = max(open_here())
    document = mirror.sandbox.order(delivered)
    lines = [line | {"RemainingOpenQuantity": Decimal(0)} for line in document["DocumentLines"]]
    mirror.sandbox.edit(delivered, DocumentLines=lines)

    mirror.sync()

    assert SalesOrder.objects.get(doc_entry=delivered).pending_total == 0
    for order in SalesOrder.objects.annotate(total=Sum("lines__pending_amount")):
        assert order.pending_total == order.total


def test_fault_F26_statements_do_not_grow_with_the_orders_that_close(mirror):
    """F26: parameter lists grew without bound, and each closing saved its row alone."""
    mirror.sync()
    entries = sorted(open_here())

    def closing(chosen):
        for doc_entry in chosen:
            mirror.sandbox.put_raw(doc_entry, DocumentStatus="bost_Close")
        with CaptureQueriesContext(connection) as statements:
            report = mirror.sync()
        assert report.orders()["closed"] == len(chosen)
        return statements

    one = closing(entries[:1])
    many = closing(entries[1:21])
    assert len(many) <= len(one)


def test_fault_F27_a_failing_read_of_the_database_is_not_taken_for_an_empty_one(
    mirror, monkeypatch
):
    """F27: when reading existing rows failed, everything was inserted again."""
    mirror.sync()
    before = mirror.export()
    mirror.sandbox.edit(max(open_here()), Comments="edited")

    def broken(*args):
        raise ConnectionError("the database went away")

    monkeypatch.setattr("ordermirror.store.mirror.stored_orders", broken)
    with pytest.raises(ConnectionError):
        mirror.sync()
    monkeypatch.undo()

    assert mirror.export() == before
    assert SyncRun.objects.order_by("-pk")[0].outcome == "failed"


def test_fault_F28_each_order_says_when_it_was_read(mirror):
    """F28: the moment of the last sync was set only if the field existed; it did not."""
    mirror.sync()

    assert OrderRead.objects.count() == SalesOrder.objects.count() == 120
    assert SyncRun.objects.get().outcome == "complete"


def test_fault_F29_no_orders_where_there_were_some_is_not_success(mirror, monkeypatch):
    """F29: "no orders found" was success."""
    mirror.sync()
    for document in mirror.sandbox.orders():
        mirror.sandbox.remove(document["DocEntry"])

    assert mirror.sync().outcome == "failed"


def test_fault_F30_a_run_is_not_killed_when_it_takes_long(mirror):
    """F30: the child was killed after ten minutes, wherever it was."""
    moments = (NOON + timedelta(minutes=20) * look for look in itertools.count())

    report = mirror.sync(clock=lambda: next(moments))

    [run] = SyncRun.objects.all()
    assert report.outcome == "complete"
    assert run.finished_at - run.started_at > timedelta(hours=2)
    assert mirror.exported() == mirror.expected()


def test_fault_F30_a_worker_ends_a_long_run_between_batches_and_the_next_goes_on(
    mirror, monkeypatch
):
    """A message queue can't wait for ever: the run ends by itself, long before it is killed."""
    mirror.page_size = 10
    spent = itertools.count(step=tasks.LONGEST.total_seconds() / 8)
    outcomes = []

    def refresh(company_id, *, stopping):
        outcomes.append(mirror.sync(stopping=stopping).outcome)

    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: next(spent)))
    monkeypatch.setattr(background, "refresh_if_due", refresh)
    for _ in range(20):
        tasks.refresh(mirror.company.pk)

    assert outcomes[0] == "incomplete"
    assert outcomes[-1] == "complete"
    assert mirror.exported() == mirror.expected()


def test_fault_F30_starts_do_not_drift_however_long_runs_take(mirror):
    """F30: a fixed sleep after each run made the next one later every time."""
    Company.objects.update(own_settings={"every": "5m"})
    every, now, starts = timedelta(minutes=5), NOON, []

    for minutes in (1, 4.9, 0, 7, 12, 3) * 8:
        [waiting] = companies.waiting(now=now, since=NOON)
        now += timedelta(seconds=max(waiting.seconds, 0))
        starts.append(now - NOON)
        ended = now + timedelta(minutes=minutes)
        SyncRun.objects.create(company=mirror.company, started_at=now, finished_at=ended)
        now = ended + timedelta(seconds=2)

    assert not any(start % every for start in starts)
    assert starts == sorted(set(starts))
    assert starts[:6] == [timedelta(minutes=it) for it in (0, 5, 10, 15, 25, 40)]


@pytest.mark.parametrize("hours", [-14, 14])
def test_fault_F31_the_zone_of_our_clock_does_not_matter(mirror, hours):
    """F31: windows of days depended on the host's zone, and three days were fetched for four."""
    shifted = datetime.now(UTC) + timedelta(hours=hours)
    mirror.sync(clock=lambda: shifted)
    mirror.business(events=30)

    mirror.sync(clock=lambda: shifted + timedelta(minutes=5))

    assert mirror.exported() == mirror.expected()
