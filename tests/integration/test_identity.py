"""Another company, a restored backup, orders that are gone: writing stops or waits for proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ordermirror import conflicts
from ordermirror.core import identity
from ordermirror.core.identity import Anchor
from ordermirror.core.scope import Scope
from ordermirror.errors import BadAnswer
from ordermirror.models import Company, OrderRead, Pending, ReadLog, SalesOrder, SalesPerson
from ordermirror.sap.service_layer import ServiceLayer
from ordermirror.sync import request_refresh
from tests.support import mirrored

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def open_entries(mirror):
    return [
        doc["DocEntry"] for doc in mirror.sandbox.orders() if doc["DocumentStatus"] == "bost_Open"
    ]


def at(**later):
    moment = NOW + timedelta(**later)
    return {"clock": lambda: moment}


@pytest.fixture
def swapped(mirror):
    """A mirror whose SAP now shows another company under the same name."""
    mirror.sync()
    with mirrored(seed=99) as other:
        yield mirror, other


def test_a_swapped_company_stops_writing_and_keeps_the_last_good_state(swapped):
    mirror, other = swapped
    before = mirror.export()

    report = other.sync()

    assert report.outcome == "failed"
    assert "another company" in report.problem
    assert mirror.export() == before


def test_after_a_conflict_sap_is_not_even_asked(swapped):
    _, other = swapped
    other.sync()
    asked = len(other.sandbox.requests)

    report = other.sync()

    assert (report.outcome, len(other.sandbox.requests)) == ("failed", asked)
    assert "ordermirror company" in report.problem


def test_a_restored_backup_is_told_from_the_newest_orders_being_gone(mirror):
    mirror.sync()
    before = mirror.export()
    for doc in mirror.sandbox.orders()[-5:]:
        mirror.sandbox.remove(doc["DocEntry"])

    report = mirror.sync()

    assert report.outcome == "failed"
    assert "restored from a backup" in report.problem
    assert mirror.export() == before


@pytest.mark.parametrize("full", [False, True])
def test_a_number_that_is_used_again_stops_writing(mirror, full):
    mirror.sync()
    middle = mirror.sandbox.orders()[60]["DocEntry"]
    mirror.sandbox.edit(middle, DocNum=424242)

    report = mirror.sync(full=full)

    assert report.outcome == "failed"
    assert not SalesOrder.objects.filter(doc_num=424242).exists()


def test_a_full_load_over_another_company_stops_too(swapped):
    mirror, other = swapped
    before = mirror.export()

    report = other.sync(full=True)

    assert report.outcome == "failed"
    assert mirror.export() == before


def test_a_false_alarm_lets_writing_go_on(swapped):
    mirror, other = swapped
    other.sync()

    conflicts.false_alarm(mirror.company)

    assert mirror.sync().outcome == "complete"
    assert mirror.exported() == mirror.expected()


def test_a_new_epoch_takes_the_restored_state_and_keeps_what_was_lost(mirror):
    mirror.sync()
    lost = [doc["DocEntry"] for doc in mirror.sandbox.orders()[-5:]]
    for doc_entry in lost:
        mirror.sandbox.remove(doc_entry)
    mirror.sync()

    conflicts.new_epoch(mirror.company)
    report = mirror.sync()

    exported = mirror.exported()
    kept = {entry: order for entry, order in exported.items() if entry not in lost}
    assert report.outcome == "complete"
    assert kept == mirror.expected()
    assert set(lost) <= exported.keys()
    assert Company.objects.get().epoch == 2


def test_after_a_new_epoch_hidden_orders_that_are_gone_stop_nothing_again(mirror):
    """Gateway seed 2,526: each decision for a new epoch was followed by the same conflict."""
    mirror.sync()
    mirror.scope = Scope(customers=("nobody",))
    mirror.sync()
    for doc in mirror.sandbox.orders():
        mirror.sandbox.remove(doc["DocEntry"])
    stopped = mirror.sync()

    conflicts.new_epoch(mirror.company)

    assert stopped.outcome == "failed"
    assert [mirror.sync().outcome for _ in range(2)] == ["complete", "complete"]


def test_a_new_epoch_takes_another_order_under_a_number_though_it_looks_torn(mirror):
    mirror.sync()
    last = mirror.sandbox.orders()[-1]
    mirror.sandbox.edit(last["DocEntry"], DocNum=424242, DocTotal=last["DocTotal"] + 250)
    mirror.sync()

    conflicts.new_epoch(mirror.company)
    report = mirror.sync()

    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()


def test_a_new_company_starts_empty_and_keeps_the_old_one_apart(swapped):
    mirror, other = swapped
    other.sync()
    before = mirror.export()

    conflicts.new_company(mirror.company)
    other.company = Company.objects.create(company_db="SBODEMO")
    report = other.sync()

    assert report.outcome == "complete"
    assert other.exported() == other.expected()
    assert mirror.export() == before


def test_one_order_that_is_gone_is_no_conflict(mirror):
    mirror.sync()
    mirror.sandbox.remove(mirror.sandbox.orders()[-1]["DocEntry"])

    assert mirror.sync().outcome == "complete"


def test_an_order_is_missing_only_after_repeated_proof_over_time(mirror):
    mirror.sync(**at())
    doc_entry = open_entries(mirror)[5]
    mirror.sandbox.remove(doc_entry)

    seen = []
    for minutes in (5, 30, 60, 90):
        mirror.sync(**at(minutes=minutes))
        seen.append(OrderRead.objects.get(doc_entry=doc_entry).missing_since)

    assert seen[:3] == [None, None, None]
    assert seen[3] == NOW + timedelta(minutes=5)
    assert not Pending.objects.exists()
    assert SalesOrder.objects.get(doc_entry=doc_entry).document_status == "open"


def test_an_order_that_is_missing_is_not_asked_for_by_every_run(mirror):
    mirror.sync(**at())
    doc_entry = open_entries(mirror)[5]
    mirror.sandbox.remove(doc_entry)
    for minutes in (5, 30, 60, 90):
        mirror.sync(**at(minutes=minutes))

    report = mirror.sync(**at(minutes=95))

    assert not ReadLog.objects.filter(run=report.run, doc_entry=doc_entry).exists()


def test_an_order_that_was_missing_and_returns_is_current_again(mirror):
    mirror.sync(**at())
    doc_entry = open_entries(mirror)[5]
    document = mirror.sandbox.order(doc_entry)
    mirror.sandbox.remove(doc_entry)
    for minutes in (5, 30, 60, 90):
        mirror.sync(**at(minutes=minutes))
    mirror.sandbox.company.orders.add(document)

    mirror.sync(**at(minutes=95))

    assert OrderRead.objects.get(doc_entry=doc_entry).missing_since is None
    assert mirror.exported() == mirror.expected()


def test_many_orders_gone_at_once_pull_the_brake(mirror):
    mirror.sync()
    before = mirror.export()
    for doc_entry in open_entries(mirror)[3:-3]:
        mirror.sandbox.remove(doc_entry)

    report = mirror.sync()

    assert report.outcome == "failed"
    assert "no longer shows" in report.problem
    assert "no longer shows" in Company.objects.get().conflict
    assert mirror.export() == before


def anchors(*entries):
    return [Anchor(entry, 1000 + entry, None) for entry in entries]


def answered(*entries):
    return {anchor.doc_entry: anchor for anchor in anchors(*entries)}


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (answered(1, 2, 3, 7, 8, 9), ""),
        (answered(1, 2, 3, 7, 8), ""),
        (answered(1, 2, 3), "restored from a backup"),
        ({}, "none of 6 known orders"),
        (answered(1, 2, 3, 7, 8) | {9: Anchor(9, 5, None)}, "another company"),
    ],
)
def test_anchors_tell_what_happened(shown, told):
    problem = identity.conflict(anchors(1, 2, 3, 7, 8, 9), shown)

    assert (told in problem) if told else not problem


def unanswered(*args, **options):
    raise BadAnswer("an answer without sense")


@pytest.mark.parametrize("full", [False, True])
def test_where_the_anchors_are_not_shown_nothing_is_taken(swapped, monkeypatch, full):
    """They would have shown another company; the open orders and those read by key do not."""
    mirror, other = swapped
    before = mirror.export()
    request_refresh(mirror.company.pk, 5_000)
    for question in ("changed", "anchors"):
        monkeypatch.setattr(ServiceLayer, question, unanswered)

    report = other.sync(full=full)

    assert report.outcome == "failed"
    assert mirror.export() == before
    assert Pending.objects.get().not_found == 0


def test_sales_people_of_another_company_are_not_taken(swapped):
    _, other = swapped
    before = list(SalesPerson.objects.values_list())
    other.sandbox.edit_row("SalesPersons", 1, SalesEmployeeName="Somebody else")

    other.sync(**at(days=3))

    assert list(SalesPerson.objects.values_list()) == before
