"""Follow-ups, audit, confirmation and hints: what finds the changes that leave no stamp."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ordermirror.core.plan import Plan
from ordermirror.errors import SAPUnavailable
from ordermirror.models import OrderRead, Pending, Position, Probe, ReadLog, SalesOrder, SyncRun
from ordermirror.sandbox import Fault
from ordermirror.sync import request_refresh
from tests.support import long_story, mirrored

NO_FOLLOW_UPS = Plan(
    deliveries_every=timedelta(days=99),
    returns_every=timedelta(days=99),
    invoices_every=timedelta(days=99),
    credit_notes_every=timedelta(days=99),
)
EVERY_FOLLOW_UP = Plan(
    returns_every=timedelta(0), invoices_every=timedelta(0), credit_notes_every=timedelta(0)
)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def silent(transactional_db):
    """A mirror of a company in which only a person's edit moves an order's stamp."""
    with mirrored(bump_on=frozenset({"edit"})) as mirror:
        yield mirror


def until(mirror, kind):
    """Let business go on until something of this kind has happened; returns the order's key."""
    for _ in range(500):
        for event in mirror.business(events=1):
            if event.kind == kind:
                return event.doc_entry
    raise AssertionError(f"no {kind} in 500 events")


def shown(report):
    return {probe.probe: probe for probe in report.probes}


@pytest.mark.parametrize("kind", ["deliver_partial", "deliver_full", "return_"])
def test_a_delivery_or_return_that_leaves_no_stamp_is_followed_to_its_order(silent, kind):
    silent.sync()
    until(silent, kind)

    report = silent.sync(plan=EVERY_FOLLOW_UP)

    assert report.outcome == "complete"
    assert silent.exported() == silent.expected()


@long_story
def test_200_rounds_of_silent_business_are_followed_exactly(silent):
    silent.sync()

    for round_ in range(200):
        silent.business(events=round_ % 4)
        report = silent.sync(plan=EVERY_FOLLOW_UP)
        assert report.outcome == "complete"

    assert silent.exported() == silent.expected()


def test_follow_ups_begin_behind_what_was_there_at_the_first_load(silent):
    for _ in range(100):
        silent.business(events=1)
    silent.sync()

    report = silent.sync()

    assert shown(report)["deliveries"].rows == 0


def test_a_failed_follow_up_moves_no_position(silent):
    silent.sync()
    until(silent, "deliver_partial")
    silent.sandbox.faults.add(Fault(kind="error_200", path="DeliveryNotes", times=4))
    broken = silent.sync()

    mended = silent.sync()

    assert (broken.outcome, mended.outcome) == ("incomplete", "complete")
    assert silent.exported() == silent.expected()


def test_a_follow_up_that_is_not_allowed_does_not_stop_the_rest(silent):
    silent.sync()
    silent.sandbox.faults.add(Fault(kind="redirect", path="DeliveryNotes", times=None))
    silent.sandbox.edit(silent.sandbox.orders()[-1]["DocEntry"], Comments="seen all the same")

    report = silent.sync()

    assert (report.outcome, report.orders()["changed"]) == ("incomplete", 1)


def test_a_follow_up_that_is_not_allowed_does_not_stop_a_first_load(silent):
    silent.sandbox.faults.add(Fault(kind="redirect", path="DeliveryNotes", times=None))

    report = silent.sync()

    assert (report.outcome, report.orders()["created"]) == ("incomplete", 120)
    assert silent.exported() == silent.expected()


def test_a_follow_up_that_is_allowed_later_begins_behind_what_is_there(silent):
    for _ in range(50):
        silent.business(events=1)
    silent.sandbox.faults.add(Fault(kind="redirect", path="DeliveryNotes", times=2))
    silent.sync()
    silent.sync()
    started = silent.sync()
    until(silent, "deliver_partial")

    report = silent.sync()

    assert (shown(started)["deliveries"].rows, shown(report)["deliveries"].complete) == (0, True)
    assert 0 < shown(report)["deliveries"].rows < 50


def test_the_audit_finds_what_no_other_probe_can_see(silent):
    silent.sync(clock=lambda: NOW)
    silent.sync(clock=lambda: NOW, plan=NO_FOLLOW_UPS)
    until(silent, "deliver_partial")

    tomorrow = NOW + timedelta(hours=25)
    report = silent.sync(clock=lambda: tomorrow, plan=NO_FOLLOW_UPS)

    assert report.silent_changes >= 1
    assert silent.exported() == silent.expected()


def test_every_open_order_is_read_again_within_the_period(silent):
    silent.sync(clock=lambda: NOW)
    for hour in range(26):
        moment = NOW + timedelta(hours=hour)
        silent.sync(clock=lambda moment=moment: moment, plan=NO_FOLLOW_UPS)

    oldest = OrderRead.objects.filter(is_open=True).order_by("read_at")[0].read_at
    assert oldest > NOW


def test_the_audit_keeps_to_its_budget(silent):
    silent.sync(clock=lambda: NOW)
    silent.sync(clock=lambda: NOW)
    plan = Plan(audit_most=5)

    report = silent.sync(clock=lambda: NOW + timedelta(days=60), plan=plan)

    assert report.audited == 10
    assert shown(report)["by_key"].rows >= 10


def test_an_audit_that_failed_has_audited_nothing_and_loses_nothing_else(silent):
    silent.sync(clock=lambda: NOW)
    silent.sync(clock=lambda: NOW)
    audited_before = position(Probe.AUDIT).completed_at
    silent.on_by_key = unavailable
    later = NOW + timedelta(hours=2)

    report = silent.sync(clock=lambda: later)

    assert not shown(report)["by_key"].complete
    assert position(Probe.AUDIT).completed_at == audited_before
    assert position(Probe.OPEN).completed_at == later


def test_an_audited_order_that_sap_shows_no_more_is_owed_another_look(silent):
    silent.sync(clock=lambda: NOW)
    silent.sync(clock=lambda: NOW)
    gone = OrderRead.objects.filter(is_open=False).order_by("read_at", "id")[0].doc_entry
    silent.sandbox.remove(gone)

    silent.sync(clock=lambda: NOW + timedelta(days=2), plan=NO_FOLLOW_UPS)

    owed = Pending.objects.get(doc_entry=gone)
    assert (owed.probe, owed.not_found) == ("audit", 1)


def test_of_the_questions_with_a_cadence_two_are_put_in_one_run(silent):
    silent.sync(clock=lambda: NOW)
    beside = {"returns", "invoices", "credit_notes", "items", "customers"}

    asked = [
        shown(silent.sync(clock=lambda at=at: at)).keys() & beside
        for at in (NOW + timedelta(minutes=20 + 5 * run) for run in range(3))
    ]

    assert list(map(len, asked)) == [2, 2, 1]
    assert set().union(*asked) == beside


def unavailable(batch):
    raise SAPUnavailable("SAP is restarting")


def position(probe):
    return Position.objects.get(probe=probe)


def test_an_order_that_changed_is_read_once_more_after_two_minutes(mirror):
    """SAP's stamp counts seconds, or minutes: a second edit in the same one moves nothing."""
    mirror.sync(clock=lambda: NOW)
    doc_entry = mirror.sandbox.orders()[-1]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="first")
    mirror.sync(clock=lambda: NOW)
    mirror.sandbox.edit(doc_entry, Comments="second, in the same second")

    mirror.sync(clock=lambda: NOW + timedelta(minutes=5))

    assert mirror.exported() == mirror.expected()


def test_a_confirmed_order_is_not_confirmed_again(mirror):
    mirror.sync(clock=lambda: NOW)
    mirror.sandbox.edit(mirror.sandbox.orders()[-1]["DocEntry"], Comments="first")
    mirror.sync(clock=lambda: NOW)
    mirror.sync(clock=lambda: NOW + timedelta(minutes=5))

    report = mirror.sync(clock=lambda: NOW + timedelta(minutes=10))

    assert "by_key" not in shown(report)


def test_a_refresh_on_request_reads_that_order_and_no_other(silent):
    silent.sync()
    first, second = (doc["DocEntry"] for doc in silent.sandbox.orders()[:2])
    silent.sandbox.put_raw(first, Comments="unseen")
    silent.sandbox.put_raw(second, Comments="unseen too")
    before = silent.exported()
    request_refresh(silent.company.pk, first)

    silent.sync()

    changed = {entry for entry, order in silent.exported().items() if order != before[entry]}
    assert changed == {first}
    assert not Pending.objects.exists()


def test_a_refresh_on_request_of_an_order_that_is_not_there_changes_nothing(mirror):
    mirror.sync()
    request_refresh(mirror.company.pk, 999_999)

    report = mirror.sync()

    assert (report.outcome, report.rows_written, report.orders()["missing"]) == ("complete", 0, 1)


def test_each_read_by_key_is_logged_with_its_probe_and_decision(mirror):
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[-1]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="edited")

    report = mirror.sync()

    logged = ReadLog.objects.get(doc_entry=doc_entry)
    assert (logged.probe, logged.decision, logged.run_id) == ("changed", "changed", report.run)


def test_fault_F08_a_closed_orders_last_edit_is_seen(mirror):
    """F8: closed orders older than some days were never read again, their last edits lost."""
    mirror.sync()
    closed = next(
        doc["DocEntry"] for doc in mirror.sandbox.orders() if doc["DocumentStatus"] == "bost_Close"
    )
    mirror.sandbox.edit(closed, Comments="a late remark")

    mirror.sync()

    assert SalesOrder.objects.get(doc_entry=closed).comments == "a late remark"


def test_fault_F08_a_backdated_order_opened_and_closed_between_runs_appears(mirror):
    """F8: orders backdated, opened and closed between runs never appeared."""
    mirror.sync()
    new = until(mirror, "new")
    mirror.sandbox.put_raw(new, DocDate="2020-01-01", DocumentStatus="bost_Close")

    mirror.sync()

    assert SalesOrder.objects.get(doc_entry=new).document_status == "closed"


def test_what_sap_was_asked_is_charged_to_the_probes(silent):
    silent.sync()
    silent.business(events=20)

    report = silent.sync()

    logout = 1
    assert sum(probe.requests for probe in report.probes) == report.requests - logout
    assert sum(probe.bytes for probe in report.probes) == report.bytes
    assert report.sap_seconds > 0
    kept = SyncRun.objects.get(pk=report.run).probes
    assert [probe["bytes"] for probe in kept] == [probe.bytes for probe in report.probes]
