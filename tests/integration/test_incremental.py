"""Refreshing: what the changed and open probes find, and what it costs when nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ordermirror.models import OrderChange, OrderLine, OrderRead, SalesOrder
from tests.support import V1, long_story, mirrored

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def open_order(mirror, *, lines=2):
    """The newest open order with enough open lines, as the sandbox has it."""
    return next(
        doc
        for doc in reversed(mirror.sandbox.orders())
        if doc["DocumentStatus"] == "bost_Open"
        and sum(line["LineStatus"] == "bost_Open" for line in doc["DocumentLines"]) >= lines
    )


def test_a_quiet_run_writes_and_reads_nothing_whole(mirror):
    mirror.sync()

    report = mirror.sync()

    assert (report.outcome, report.rows_written, report.orders()["changed"]) == ("complete", 0, 0)
    assert "by_key" not in {probe.probe for probe in report.probes}


def test_a_run_in_which_no_other_question_is_due_asks_five_requests(mirror):
    for _ in range(3):
        mirror.sync()

    report = mirror.sync()

    asked = [request.path.rsplit("/", 1)[-1] for request in mirror.sandbox.requests][-5:]
    assert asked == ["Login", "Orders", "Orders", "DeliveryNotes", "Logout"]
    assert report.requests == 5


def test_an_edit_writes_only_the_header_that_changed(mirror):
    mirror.sync()
    doc_entry = open_order(mirror)["DocEntry"]
    mirror.sandbox.edit(doc_entry, NumAtCard="PO-4711")

    report = mirror.sync()

    assert (report.orders()["changed"], report.rows_written) == (1, 1)
    assert mirror.exported() == mirror.expected()


def test_an_edit_leaves_its_history(mirror):
    mirror.sync()
    document = open_order(mirror)
    mirror.sandbox.edit(document["DocEntry"], NumAtCard="PO-4711")
    read_before = OrderRead.objects.get(doc_entry=document["DocEntry"]).read_at

    report = mirror.sync()

    change = OrderChange.objects.get()
    read = OrderRead.objects.get(doc_entry=document["DocEntry"])
    assert (change.kind, change.field) == ("header", "num_at_card")
    assert (change.old, change.new) == (document["NumAtCard"], "PO-4711")
    assert (change.run_id, change.order.doc_entry) == (report.run, document["DocEntry"])
    assert (change.read_from, change.read_to) == (read_before, read.read_at)


def test_a_line_that_sap_no_longer_sends_is_marked_and_kept(mirror):
    mirror.sync()
    document = open_order(mirror)
    first, *rest = document["DocumentLines"]
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=rest)

    report = mirror.sync()

    removed = OrderLine.objects.get(removed_at__isnull=False)
    assert (removed.line_num, removed.item_code) == (first["LineNum"], first["ItemCode"])
    assert removed.pending_amount == 0
    assert report.lines.removed == 1
    assert mirror.exported() == mirror.expected()


def test_a_removed_line_that_returns_is_one_line_again(mirror):
    mirror.sync()
    document = open_order(mirror)
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=document["DocumentLines"][1:])
    mirror.sync()
    mirror.sandbox.advance(timedelta(minutes=5))
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=document["DocumentLines"])

    mirror.sync()

    assert not OrderLine.objects.filter(removed_at__isnull=False).exists()
    assert OrderChange.objects.filter(kind="line_returned").count() == 1
    assert mirror.exported() == mirror.expected()


def test_an_order_that_left_the_open_set_is_closed_by_its_own_document(mirror):
    mirror.sync()
    doc_entry = open_order(mirror)["DocEntry"]
    mirror.sandbox.put_raw(doc_entry, DocumentStatus="bost_Close")

    report = mirror.sync()

    assert report.orders()["closed"] == 1
    assert SalesOrder.objects.get(doc_entry=doc_entry).document_status == "closed"


def test_a_cancelled_order_is_told_from_a_closed_one(mirror):
    mirror.sync()
    doc_entry = open_order(mirror)["DocEntry"]
    mirror.sandbox.put_raw(doc_entry, DocumentStatus="bost_Close", Cancelled="tYES")

    report = mirror.sync()

    assert (report.orders()["cancelled"], report.orders()["closed"]) == (1, 0)


def test_an_order_that_vanished_stays_as_it_is(mirror):
    mirror.sync()
    doc_entry = open_order(mirror)["DocEntry"]
    mirror.sandbox.remove(doc_entry)

    report = mirror.sync()

    assert (report.outcome, report.orders()["missing"], report.rows_written) == ("complete", 1, 0)
    assert SalesOrder.objects.get(doc_entry=doc_entry).document_status == "open"


def test_an_unknown_status_is_kept_verbatim_and_is_not_closed(mirror):
    mirror.sync()
    doc_entry = open_order(mirror)["DocEntry"]
    mirror.sandbox.edit(doc_entry, DocumentStatus="bost_Limbo")

    mirror.sync()

    assert SalesOrder.objects.get(doc_entry=doc_entry).document_status == "bost_Limbo"


def test_a_change_is_taken_after_our_clock_was_set_back(mirror):
    """It was read, found older than what was stored by the clock, and forgotten."""
    mirror.sync(clock=lambda: NOW)
    mirror.sandbox.edit(open_order(mirror)["DocEntry"], Comments="edited")

    mirror.sync(clock=lambda: NOW - timedelta(hours=1))

    assert mirror.exported() == mirror.expected()


def test_pending_total_follows_a_delivery(mirror):
    mirror.sync()
    document = open_order(mirror)
    line = next(it for it in document["DocumentLines"] if it["LineStatus"] == "bost_Open")
    line["RemainingOpenQuantity"] = Decimal("0.000001")
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=document["DocumentLines"])

    mirror.sync()

    stored = SalesOrder.objects.get(doc_entry=document["DocEntry"])
    assert stored.pending_total == sum(it.pending_amount for it in stored.lines.all())
    assert mirror.exported() == mirror.expected()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", [V1, 2])
def test_200_rounds_of_business_that_leaves_stamps_are_followed_exactly(version):
    with mirrored(version=version, seed=version) as mirror:
        mirror.sync()
        for round_ in range(200):
            events = mirror.business(events=round_ % 5)

            report = mirror.sync()

            assert report.outcome == "complete"
            assert events or not report.rows_written
            if round_ % 10 == 9:
                assert mirror.exported() == mirror.expected()
        assert mirror.exported() == mirror.expected()


@long_story
@pytest.mark.django_db(transaction=True)
def test_200_rounds_of_silent_business_are_followed_as_far_as_the_probes_can_see():
    """Only edits leave stamps: closings and the like are seen as orders leaving the open set."""
    silent = set()
    with mirrored(orders=40, bump_on=frozenset({"edit"})) as mirror:
        mirror.sync()
        for round_ in range(200):
            events = mirror.business(events=round_ % 5)
            silent |= {event.doc_entry for event in events if not event.visible}

            report = mirror.sync()

            assert report.outcome == "complete"
            assert events or not report.rows_written
            silent -= set(
                OrderRead.objects.filter(run=report.run).values_list("doc_entry", flat=True)
            )
            exported, expected = mirror.exported(), mirror.expected()
            assert exported.keys() == expected.keys()
            for doc_entry, order in exported.items():
                if doc_entry not in silent:
                    assert order == expected[doc_entry]
                assert order["document_status"] == expected[doc_entry]["document_status"]
                assert order["cancelled"] == expected[doc_entry]["cancelled"]
