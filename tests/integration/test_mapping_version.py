"""A newer mapping: orders are decoded again when they are read, and that is no business change."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ordermirror import run
from ordermirror.core import mapping, totals
from ordermirror.core.diff import Fate
from ordermirror.models import (
    OrderChange,
    OrderLine,
    OrderRead,
    Probe,
    Quarantine,
    ReadLog,
    SalesOrder,
)
from ordermirror.sap.wire import decode_order
from tests.documents import apply_documents, document, line

pytestmark = pytest.mark.django_db
PAYLOAD = document(7, line(0), line(1), CardName='"Acme"', Comments='"as it was"')


def newer(doc_entry, payload):
    """Reads names in capitals, prices doubled, and one line more than before."""
    order = decode_order(doc_entry, payload)
    lines = tuple(it._replace(price=it.price and it.price * 2) for it in order.lines)
    return order._replace(card_name=(order.card_name or "").upper() or None, lines=lines)


class Counted:
    """Decodes as told, and counts."""

    def __init__(self, decode=decode_order):
        self.decode, self.times = decode, 0

    def __call__(self, doc_entry, payload):
        self.times += 1
        return self.decode(doc_entry, payload)


@pytest.fixture
def bumped(monkeypatch):
    """Call it when a newer version is to be in force."""

    def bump(*fields):
        version = mapping.VERSION + 1
        monkeypatch.setattr(mapping, "VERSION", version)
        monkeypatch.setitem(mapping.REMAPPED_FIELDS, version, frozenset(fields))

    return bump


def told():
    """The history as (line, field, old, new), by field; that orders were first seen left out."""
    news = OrderChange.objects.exclude(kind="order_created").order_by("field", "line_num")
    return list(news.values_list("line_num", "field", "old", "new"))


def fates(applied):
    return {fate: times for fate, times in applied.fates.items() if times}


def versions():
    return set(OrderRead.objects.values_list("mapping_version", flat=True))


def test_an_unchanged_order_is_not_decoded():
    apply_documents({7: PAYLOAD, 8: document(8)})
    decode = Counted()

    applied = apply_documents({7: PAYLOAD, 8: document(8)}, minutes=1, decode=decode)

    assert (decode.times, fates(applied), applied.rows_written) == (0, {Fate.UNCHANGED: 2}, 0)


def test_what_a_newer_mapping_reads_differently_is_written_and_is_no_news(bumped):
    apply_documents({7: PAYLOAD})
    bumped()

    applied = apply_documents({7: PAYLOAD}, minutes=1, decode=newer, probe=Probe.AUDIT)

    order = SalesOrder.objects.get()
    assert (order.card_name, order.pending_total) == ("ACME", 20)
    assert set(order.lines.values_list("price", "pending_amount")) == {(10, 10)}
    assert (fates(applied), applied.silent_changes) == ({Fate.REMAPPED: 1}, 0)
    assert applied.rows_written == 3
    assert (told(), ReadLog.objects.get().decision) == ([], "remapped")
    assert OrderRead.objects.get().confirm_at is None


def test_a_remapped_order_is_decoded_once(bumped):
    apply_documents({7: PAYLOAD})
    bumped()
    decode = Counted(newer)

    apply_documents({7: PAYLOAD}, minutes=1, decode=decode)
    again = apply_documents({7: PAYLOAD}, minutes=2, decode=decode)

    assert (decode.times, fates(again), versions()) == (1, {Fate.UNCHANGED: 1}, {mapping.VERSION})


def test_an_order_that_a_newer_mapping_reads_the_same_is_unchanged(bumped):
    apply_documents({7: PAYLOAD})
    bumped()

    applied = apply_documents({7: PAYLOAD}, minutes=1)

    assert (fates(applied), applied.rows_written) == ({Fate.UNCHANGED: 1}, 0)
    assert versions() == {mapping.VERSION}


def test_a_change_beside_a_newer_mapping_is_told_and_nothing_else(bumped):
    apply_documents({7: PAYLOAD})
    bumped("card_name", "lines.price")
    edited = document(7, line(0, Quantity=3), line(2), CardName='"Acme"', Comments='"edited"')

    applied = apply_documents({7: edited}, minutes=1, decode=newer, probe=Probe.AUDIT)

    assert (fates(applied), applied.silent_changes) == ({Fate.CHANGED: 1}, 1)
    assert told() == [
        (None, "comments", "as it was", "edited"),
        (1, "line", "A x 1", None),
        (2, "line", None, "A x 1"),
        (0, "quantity", "1", "3"),
    ]
    assert SalesOrder.objects.get().card_name == "ACME"
    kept = OrderLine.objects.filter(removed_at=None).order_by("line_num")
    assert list(kept.values_list("line_num", "price")) == [(0, 10), (2, 10)]


def test_a_status_that_is_read_differently_closes_nothing(bumped):
    apply_documents({7: PAYLOAD})
    bumped("document_status")

    def decode(doc_entry, payload):
        return decode_order(doc_entry, payload)._replace(document_status="bost_Open")

    applied = apply_documents({7: PAYLOAD + b" "}, minutes=1, decode=decode)

    assert (fates(applied), told()) == ({Fate.REMAPPED: 1}, [])
    assert SalesOrder.objects.get().document_status == "bost_Open"


def test_a_number_that_is_read_differently_is_not_another_company(bumped):
    apply_documents({7: PAYLOAD})
    bumped("doc_num")

    def decode(doc_entry, payload):
        return decode_order(doc_entry, payload)._replace(doc_num=5)

    same = apply_documents({7: PAYLOAD}, minutes=1, decode=decode, probe=Probe.CHANGED)

    assert (fates(same), SalesOrder.objects.get().doc_num) == ({Fate.REMAPPED: 1}, 5)


def test_amounts_that_are_computed_differently_are_written(bumped, monkeypatch):
    apply_documents({7: PAYLOAD})
    bumped()
    monkeypatch.setattr(totals, "_STEPS", dict.fromkeys(range(4), Decimal("1E1")))

    applied = apply_documents({7: PAYLOAD}, minutes=1)

    order = SalesOrder.objects.get()
    assert (fates(applied), told(), order.pending_total) == ({Fate.REMAPPED: 1}, [], 20)
    assert set(order.lines.values_list("pending_amount", flat=True)) == {10}


def test_a_document_that_a_newer_mapping_refuses_leaves_the_stored_order(bumped):
    apply_documents({7: document(7, CardName='"kept"')})
    before = list(SalesOrder.objects.values())
    bumped()

    def refuse(doc_entry, payload):
        return decode_order(doc_entry, b"{}")

    applied = apply_documents({7: document(7, CardName='"kept"')}, minutes=1, decode=refuse)

    assert (applied.quarantined, list(SalesOrder.objects.values())) == (1, before)
    assert (Quarantine.objects.get().stage, versions()) == ("decode", {mapping.VERSION - 1})


def test_a_full_sync_after_a_newer_mapping_tells_only_the_business(mirror, bumped, monkeypatch):
    mirror.sync()
    edited = mirror.sandbox.orders()[50]
    mirror.sandbox.edit(edited["DocEntry"], Comments="edited")
    bumped("card_name", "lines.price")
    decode = Counted(newer)
    monkeypatch.setattr(run, "decode_order", decode)

    full = mirror.sync(full=True)
    again = mirror.sync(full=True)

    orders = full.orders()
    assert (orders["remapped"], orders["changed"], orders["unchanged"]) == (119, 1, 0)
    assert (full.silent_changes, told()) == (0, [(None, "comments", edited["Comments"], "edited")])
    assert (again.orders()["unchanged"], again.rows_written) == (120, 0)
    assert decode.times == 120 + again.orders()["changed"]
    assert json.dumps(full.as_json())


def test_a_quiet_run_after_a_newer_mapping_reads_nothing_more(mirror, bumped, monkeypatch):
    mirror.sync()
    bumped()
    decode = Counted(newer)
    monkeypatch.setattr(run, "decode_order", decode)

    report = mirror.sync()

    assert (decode.times, report.rows_written, told()) == (0, 0, [])
