"""One bad thing stays one: an odd order, person, document or entity set holds up nobody else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ordermirror import conflicts, sync
from ordermirror.core.plan import Plan
from ordermirror.models import Company, OrderRead, Position, Probe, Quarantine, SalesOrder
from ordermirror.sandbox import Fault
from ordermirror.store import pending
from ordermirror.store.pending import Found
from tests.support import answers, mirrored

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def at(**later):
    moment = NOW + timedelta(**later)
    return {"clock": lambda: moment}


@pytest.fixture
def silent(transactional_db):
    """A mirror of a company in which only a person's edit moves an order's stamp."""
    with mirrored(bump_on=frozenset({"edit"})) as mirror:
        yield mirror


def open_entries():
    return list(OrderRead.objects.filter(is_open=True).values_list("doc_entry", flat=True))


def test_an_order_that_sap_cannot_render_is_set_aside_alone(mirror):
    mirror.sync()
    entries = [doc["DocEntry"] for doc in mirror.sandbox.orders()][20:110]
    for doc_entry in entries:
        mirror.sandbox.edit(doc_entry, Comments="edited")
    bad = entries[5]

    def refuse(url, answer):
        asked = url.replace("%20", " ").replace(")", " ")
        whole = "DocumentLines" in url and f"DocEntry eq {bad} " in asked
        return replace(answer, status=500, body=b"") if whole else answer

    answers(mirror, refuse)
    report = mirror.sync()

    assert (report.outcome, SalesOrder.objects.filter(comments="edited").count()) == (
        "complete",
        89,
    )
    assert (Quarantine.objects.get().doc_entry, Quarantine.objects.get().stage) == (bad, "fetch")


def test_a_broken_letter_in_one_order_does_not_stop_a_first_load(mirror):
    """A text cut inside an emoji leaves half of it, which no JSON reader takes."""
    doc_entry = mirror.sandbox.orders()[60]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="@@")
    answers(mirror, lambda url, it: replace(it, body=it.body.replace(b'"@@"', b'"\\ud800"')))

    report = mirror.sync()

    assert (report.outcome, SalesOrder.objects.count()) == ("complete", 119)
    assert Quarantine.objects.get().doc_entry == doc_entry


def test_many_unreadable_orders_are_not_set_aside_but_fail_the_probe(mirror):
    mirror.sync()
    mirror.business(events=40)
    answers(
        mirror,
        lambda url, it: replace(it, status=500, body=b"") if "DocumentLines" in url else it,
    )

    report = mirror.sync()

    assert report.outcome == "incomplete"
    assert not Quarantine.objects.exists()


def test_a_text_with_nul_is_set_aside_not_cut(mirror):
    doc_entry = mirror.sandbox.orders()[60]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="a\0b")

    mirror.sync()

    assert Quarantine.objects.get().doc_entry == doc_entry
    assert not SalesOrder.objects.filter(doc_entry=doc_entry).exists()


@pytest.mark.parametrize("odd", [{"CreationDate": "0000-00-00"}, {"DocNum": None}])
def test_an_odd_number_or_date_does_not_stop_the_changed_probe(mirror, odd):
    mirror.sync()
    documents = mirror.sandbox.orders()
    mirror.sandbox.edit(documents[60]["DocEntry"], **odd)
    mirror.sandbox.edit(documents[61]["DocEntry"], Comments="edited")

    report = mirror.sync()

    assert report.outcome == "complete"
    assert SalesOrder.objects.get(doc_entry=documents[61]["DocEntry"]).comments == "edited"


def test_a_broken_entity_set_does_not_hold_up_the_orders(mirror):
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[60]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="edited")
    mirror.sandbox.faults.add(Fault(kind="empty_500", path="DeliveryNotes", times=None))

    report = mirror.sync()

    assert report.outcome == "incomplete"
    assert SalesOrder.objects.get(doc_entry=doc_entry).comments == "edited"


def test_a_delivery_without_lines_does_not_stop_those_behind_it(silent):
    silent.sync()
    while silent.business(events=1)[0].kind != "deliver_partial":
        pass
    before = Position.objects.get(probe="deliveries").doc_entry

    def without_lines(url, answer):
        if "DeliveryNotes" not in url:
            return answer
        page = json.loads(answer.body)
        for row in page["value"]:
            row["DocumentLines"] = None
        return replace(answer, body=json.dumps(page).encode())

    answers(silent, without_lines)
    silent.sync()

    assert Position.objects.get(probe="deliveries").doc_entry > before


def test_a_sales_persons_broken_name_does_not_stop_the_orders(mirror):

    def broken(url, answer):
        if "SalesPersons" not in url:
            return answer
        name = re.compile(rb'"SalesEmployeeName" *: *"')
        body = name.sub(lambda found: found[0] + b"\xff", answer.body)
        return replace(answer, body=body)

    answers(mirror, broken)
    report = mirror.sync()

    [people] = [probe for probe in report.probes if probe.probe == "sales_people"]
    assert (report.outcome, SalesOrder.objects.count()) == ("complete", 120)
    assert "utf-8" in people.problem


def test_closed_orders_are_audited_though_open_ones_are_due_in_every_run(mirror):
    mirror.sync(**at())
    plan = Plan(audit_open_within=timedelta(minutes=30), audit_closed_within=timedelta(hours=5))

    for run in range(1, 40):
        mirror.sync(plan=plan, **at(minutes=10 * run))

    closed = OrderRead.objects.filter(is_open=False)
    assert not closed.filter(read_at__lt=NOW + timedelta(hours=1)).exists()


def test_orders_that_are_missing_do_not_take_the_audits_share(silent):
    silent.sync(**at())
    for doc_entry in open_entries()[3:8]:
        silent.sandbox.remove(doc_entry)
    for minutes in (1, 31, 61, 91):
        silent.sync(**at(minutes=minutes))

    for run in range(1, 40):
        silent.sync(plan=Plan(audit_open_within=timedelta(hours=2)), **at(minutes=91 + 5 * run))

    shown = OrderRead.objects.filter(is_open=True, missing_since=None)
    assert not shown.filter(read_at__lt=NOW + timedelta(minutes=91)).exists()


def test_an_order_in_quarantine_is_tried_as_its_back_off_says(silent):
    silent.sync(**at())
    silent.sandbox.edit(open_entries()[5], CardName="x" * 201)

    for minute in range(1, 14):
        silent.sync(plan=Plan(audit_open_within=timedelta(minutes=5)), **at(minutes=minute))

    assert Quarantine.objects.get().attempts == 1


def test_what_is_due_is_asked_after_our_clock_was_set_back(silent):
    silent.sync(**at(days=30))
    silent.sync(**at(days=30, minutes=1))
    while silent.business(events=1)[0].kind != "deliver_partial":
        pass

    silent.sync(**at())

    assert silent.exported() == silent.expected()


def test_a_full_load_needs_proof_of_identity(mirror):
    mirror.sync()
    before = mirror.export()
    with mirrored(seed=99) as other:
        other.sandbox.faults.add(Fault(kind="error_200", path="Orders", times=4))

        report = other.sync(full=True)

    assert report.outcome == "incomplete"
    assert mirror.export() == before


def test_a_full_load_pulls_the_brake_too(mirror):
    mirror.sync()
    mirror.sync()
    for document in mirror.sandbox.orders()[10:70]:
        mirror.sandbox.remove(document["DocEntry"])

    report = mirror.sync(full=True)

    assert report.outcome == "failed"
    assert "no longer shows" in Company.objects.get().conflict


def test_orders_that_were_never_shown_do_not_pull_the_brake(mirror):
    """A delivery may name orders that the SAP user may not see."""
    mirror.sync()
    unseen = {1_000_000 + number: Found(Probe.DELIVERIES) for number in range(30)}
    pending.add(mirror.company.pk, unseen, now=NOW)

    assert mirror.sync().outcome == "complete"


def test_a_new_epoch_that_was_cut_short_is_not_a_conflict_again(mirror, monkeypatch):
    mirror.sync()
    for document in mirror.sandbox.orders()[-15:]:
        mirror.sandbox.remove(document["DocEntry"])
    mirror.sync()
    conflicts.new_epoch(mirror.company)

    def cut_short(run):
        raise KeyboardInterrupt

    monkeypatch.setattr(sync, "_drain", cut_short)
    with pytest.raises(KeyboardInterrupt):
        mirror.sync()
    monkeypatch.undo()

    assert mirror.sync().outcome == "complete"
