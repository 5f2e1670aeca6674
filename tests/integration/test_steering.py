"""What people do about refreshes: it happens, and it is written down who wanted it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ordermirror import companies, registry, steering
from ordermirror.alerts import lookout
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Action, Company, Pending, Probe, Quarantine
from ordermirror.quiet import parse
from tests.web_builders import make_company, make_order, make_run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
AMAL = steering.By("amal", NOW)
MINUTE = timedelta(minutes=1)
DAY = date(2026, 11, 20)


@pytest.fixture
def company(settings):
    settings.ORDERMIRROR = replace(
        settings.ORDERMIRROR,
        sap_url="https://sap:50000/b1s/v2",
        sap_user="reader",
        sap_password="secret",
        every=timedelta(minutes=10),
    )
    made = registry.add("SBODEMO", {})
    Company.objects.update(created_at=NOW.replace(minute=0) - timedelta(days=1))
    return made


def waits(now=NOW):
    return [round(seconds) for seconds, _company in companies.waiting(now=now)]


def written():
    return list(Action.objects.order_by("id").values_list("user", "kind", "detail", "at"))


def ran(*, started_at, **fields):
    return make_run(started_at=started_at, finished_at=started_at + MINUTE, **fields)


def test_a_company_that_a_person_asked_for_is_due_at_once(company):
    ran(started_at=NOW - 3 * MINUTE)
    before = waits()

    steering.sync_now(company, AMAL)

    assert before == [60]
    assert waits() == [0]
    assert written() == [("amal", "sync_now", "", NOW)]


@pytest.mark.parametrize("outcome", ["running", "complete", "failed"])
def test_one_refresh_that_began_later_is_what_was_asked_for(company, outcome):
    steering.sync_now(company, AMAL)
    ran(started_at=NOW + MINUTE, outcome=outcome)

    assert waits(NOW + 3 * MINUTE) == [8 * 60]


def test_a_run_that_is_under_way_is_not_what_was_asked_for(company):
    make_run(started_at=NOW - 3 * MINUTE, outcome="running")

    steering.sync_now(company, AMAL)

    assert waits() == [0]


def test_a_person_may_ask_in_quiet_hours(company, settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, sap_quiet_hours=parse("00:00-23:59"))
    ran(started_at=NOW - 3 * MINUTE)

    steering.sync_now(company, AMAL)

    assert waits() == [0]


def test_a_wish_of_a_clock_that_was_put_back_is_not_repeated_for_ever(company):
    ran(started_at=NOW - 3 * MINUTE)

    steering.sync_now(company, steering.By("amal", NOW + timedelta(days=1)))

    assert waits() == [60]


def test_nobody_can_ask_for_a_paused_company(company):
    steering.pause(company, AMAL)

    with pytest.raises(OrderMirrorError, match="paused; resume it first"):
        steering.sync_now(company, AMAL)

    assert [kind for _user, kind, *_ in written()] == ["pause"]


def test_pausing_and_resuming_are_written_down(company):
    steering.pause(company, AMAL)
    paused = Company.objects.get().paused_at
    steering.resume(company, AMAL)

    assert paused
    assert Company.objects.get().paused_at is None
    assert [kind for _user, kind, *_ in written()] == ["pause", "resume"]


@pytest.mark.parametrize("act", [steering.pause, steering.sync_now])
def test_what_can_not_be_written_down_does_not_happen(company, monkeypatch, act):
    def broken(**values):
        raise RuntimeError

    monkeypatch.setattr(Action.objects, "create", broken)

    with pytest.raises(RuntimeError):
        act(company, AMAL)

    stored = Company.objects.get()
    assert (stored.paused_at, stored.asked_at) == (None, None)


def test_orders_posted_on_these_days_are_owed(company):
    for entry, day in enumerate((18, 19, 20, 21), start=1):
        make_order(doc_entry=entry, doc_date=date(2026, 11, day))
    make_order(doc_entry=5, doc_date=date(2026, 11, 19), hidden=True)
    make_order(doc_entry=6, company_db="SBO_OTHER")

    number = steering.reread(company, AMAL, first=date(2026, 11, 19), last=DAY)

    assert number == 2
    assert list(Pending.objects.order_by("doc_entry").values_list("doc_entry", "probe")) == [
        (2, Probe.HINT),
        (3, Probe.HINT),
    ]
    assert written() == [("amal", "reread", "2026-11-19 to 2026-11-20: 2 orders", NOW)]


def test_too_many_orders_at_once_are_refused_whole(company, monkeypatch):
    monkeypatch.setattr(steering, "MOST_REREAD", 1)
    for entry in (1, 2):
        make_order(doc_entry=entry)

    with pytest.raises(OrderMirrorError, match="more than 1 orders"):
        steering.reread(company, AMAL, first=DAY, last=DAY)

    assert not Pending.objects.exists()
    assert written() == []


def set_aside(company, doc_entry=7):
    return Quarantine.objects.create(
        company=company, doc_entry=doc_entry, stage="decode", reason="why", payload_hash=1,
        first_seen_at=NOW - MINUTE, last_seen_at=NOW - MINUTE, retry_at=NOW + timedelta(days=1),
    )  # fmt: skip


def test_a_document_that_was_set_aside_is_tried_again(company):
    set_aside(company)

    assert steering.retry(company, AMAL, [7]) == 1

    assert Quarantine.objects.get().retry_at < NOW
    assert written() == [("amal", "retry", "DocEntry 7: 1 tried again", NOW)]


def test_a_document_of_another_company_is_not_tried_again(company):
    other = set_aside(make_company("SBO_OTHER"))

    assert steering.retry(company, AMAL, [7]) == 0

    other.refresh_from_db()
    assert other.retry_at > NOW
    assert written() == []


def test_a_test_alert_is_written_down_with_how_it_went(company, monkeypatch):
    assert steering.send_test_alert(company, AMAL)[0].startswith("Nobody is told")
    monkeypatch.setattr(lookout, "channels_of", lambda _settings: [lambda _message: None])
    assert steering.send_test_alert(company, AMAL) == []

    assert [(kind, detail) for _user, kind, detail, _at in written()] == [
        ("test_alert", "failed"),
        ("test_alert", ""),
    ]
