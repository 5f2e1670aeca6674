"""A document whose header and lines are of different moments is read again before it is taken."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError

from ordermirror.core.torn import looks_torn
from ordermirror.lease import held
from ordermirror.models import SalesOrder
from ordermirror.sap.service_layer import utc_now
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from tests.unit.builders import make_line, make_order


def order(doc_total="105", line_total="100", stored_status="open", line_status="open"):
    return make_order(
        doc_total=Decimal(doc_total),
        vat_sum=Decimal(5),
        total_discount=Decimal(0),
        document_status=stored_status,
        lines=(make_line(line_total=Decimal(line_total), line_status=line_status),),
    )


def test_totals_that_agree_are_whole():
    assert not looks_torn(order(), None)


def test_totals_that_disagree_look_torn():
    assert looks_torn(order(doc_total="500"), order())


def test_the_same_gap_as_before_is_freight_not_a_tear():
    assert not looks_torn(order(doc_total="155"), order(doc_total="155"))


def test_an_open_order_with_no_open_line_looks_torn():
    assert looks_torn(order(line_status="closed"), order())


def test_a_torn_read_is_not_stored_and_the_whole_one_is(mirror, monkeypatch):
    """The first read by key answers the new header with the old lines."""
    mirror.sync()
    document = next(doc for doc in mirror.sandbox.orders() if doc["DocumentStatus"] == "bost_Open")
    doc_entry, old_lines = document["DocEntry"], document["DocumentLines"]
    new_lines = [
        line | {"LineTotal": line["LineTotal"] * 2, "Price": line["Price"] * 2}
        for line in document["DocumentLines"]
    ]
    grown = sum(line["LineTotal"] for line in old_lines)
    mirror.sandbox.edit(doc_entry, DocumentLines=old_lines, DocTotal=document["DocTotal"] + grown)
    reads = []

    def mend_after_the_first_read(page):
        if not reads:
            mirror.sandbox.put_raw(doc_entry, DocumentLines=new_lines)
        reads.append(page)

    mirror.on_by_key = mend_after_the_first_read

    report = mirror.sync()

    stored = SalesOrder.objects.get(doc_entry=doc_entry)
    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()
    assert stored.lines.all()[0].line_total == new_lines[0]["LineTotal"]


def test_a_document_that_looks_torn_twice_the_same_is_taken(mirror):
    """Freight, which is not mirrored, makes totals disagree for good."""
    mirror.sync()
    document = mirror.sandbox.orders()[-1]
    mirror.sandbox.edit(document["DocEntry"], DocTotal=document["DocTotal"] + 250)

    report = mirror.sync()

    assert report.orders()["changed"] == 1
    assert mirror.exported() == mirror.expected()


def test_one_read_is_not_taken_for_two_when_its_batch_is_applied_again(mirror):
    """The first attempt was undone, and the torn read then agreed with itself (seed 21361)."""
    run = mirror.sync().run
    document = mirror.sandbox.orders()[-1]
    doc_entry, total = document["DocEntry"], document["DocTotal"]
    mirror.sandbox.put_raw(doc_entry, DocTotal=total + 250)
    [batch] = mirror.source().by_key([doc_entry])
    refused = [IntegrityError("refused at the end")]

    with held(mirror.company.pk) as lease:
        applying = Applying(lease=lease, run_id=run, decode=decode_order, now=utc_now)
        apply_batch(applying, batch, finish=lambda: raise_first(refused))

    assert not refused
    assert SalesOrder.objects.get(doc_entry=doc_entry).doc_total == total


def raise_first(errors):
    if errors:
        raise errors.pop()


def torn_in_the_first_load(mirror, doc_entries):
    """The first reads of these orders show totals that their lines do not explain."""
    whole = {entry: mirror.sandbox.order(entry)["DocTotal"] for entry in doc_entries}
    for entry, total in whole.items():
        mirror.sandbox.put_raw(entry, DocTotal=total + 250)
    return whole


def test_an_order_torn_in_the_first_load_is_read_again_by_key(mirror):
    [doc_entry, *_] = [document["DocEntry"] for document in mirror.sandbox.orders()]
    whole = torn_in_the_first_load(mirror, [doc_entry])

    def mend(done, total):
        mirror.sandbox.put_raw(doc_entry, DocTotal=whole[doc_entry])

    report = mirror.sync(progress=lambda done, total: done and mend(done, total))

    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()


def test_where_many_orders_look_torn_a_first_load_takes_them_as_they_are(mirror):
    entries = [document["DocEntry"] for document in mirror.sandbox.orders()]
    torn_in_the_first_load(mirror, entries)

    mirror.sync()

    assert mirror.exported() == mirror.expected()
    assert not [request for request in mirror.sandbox.requests if "DocEntry eq" in request.query]
