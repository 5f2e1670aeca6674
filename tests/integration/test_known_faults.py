"""How systems like this one failed, case by case; each is a promise that it can't happen here.

Cases about pushed documents, Excel uploads and deployment have no counterpart here. F2, F8, F9 to
F12, F14 to F16 and F22 stand with the behaviour they belong to.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from ordermirror.core.fetched import Batch, KeyCoverage
from ordermirror.lease import held
from ordermirror.models import OrderRead, Quarantine, SalesOrder, SyncRun
from ordermirror.sandbox import Fault
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from ordermirror.sync import request_refresh
from tests.integration.test_faults import refusing
from tests.support import mirrored

COUNTS = ("odata.count", "@odata.count")


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


@pytest.mark.parametrize("version", [1, 2])
def test_fault_F03_a_missing_count_loses_no_page(transactional_db, monkeypatch, version):
    """F3: without a count on the first page only 20 rows were fetched, and 30 orders closed."""
    with mirrored(version=version) as mirror:
        mirror.page_size = 10
        altered(mirror, monkeypatch, lambda page: [page.pop(name, None) for name in COUNTS])

        report = mirror.sync()

        assert (report.outcome, report.orders()["seen"]) == ("complete", 120)


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


def test_fault_F18_what_a_run_reports_is_stored(mirror):
    """F18: an error caught inside a transaction rolled it back, and the report said 2 created."""
    mirror.sandbox.put_raw(mirror.sandbox.orders()[5]["DocEntry"], Comments="refused")
    with refusing():
        report = mirror.sync()

    assert report.orders()["created"] == SalesOrder.objects.count() == 119
    assert report.orders()["quarantined"] == Quarantine.objects.count() == 1


@pytest.mark.parametrize(
    "raw",
    [{"DiscountPercent": Decimal("1e15")}, {"NumAtCard": "x" * 300}],
    ids=["F19_one_bad_value", "F20_an_over_long_text"],
)
def test_fault_F19_F20_one_bad_order_blocks_nobody(mirror, raw):
    """F19: one bad value stored 0 of 5 orders, every run. F20: over-long text failed the batch."""
    bad = mirror.sandbox.orders()[5]["DocEntry"]
    mirror.sandbox.put_raw(bad, **raw)

    report = mirror.sync()

    assert (report.outcome, report.orders()["created"]) == ("complete", 119)
    assert Quarantine.objects.get().doc_entry == bad


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


@pytest.mark.parametrize("hours", [-14, 14])
def test_fault_F31_the_zone_of_our_clock_does_not_matter(mirror, hours):
    """F31: windows of days depended on the host's zone, and three days were fetched for four."""
    shifted = datetime.now(UTC) + timedelta(hours=hours)
    mirror.sync(clock=lambda: shifted)
    mirror.business(events=30)

    mirror.sync(clock=lambda: shifted + timedelta(minutes=5))

    assert mirror.exported() == mirror.expected()
