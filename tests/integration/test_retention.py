"""What is old is let go in small steps, and nothing that counts with it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ordermirror import conf, last_runs, retention
from ordermirror.alerts.models import Alert
from ordermirror.models import (
    Action,
    OrderChange,
    OrderRead,
    OrderTotal,
    Pending,
    Position,
    Quarantine,
    ReadLog,
    Reconciliation,
    ReferenceWord,
    SalesOrder,
    SyncRun,
)
from ordermirror.models import OrderLine as Line
from ordermirror.owned.models import Approval, LinePrice, OrderNote
from tests.web_builders import (
    make_change,
    make_company,
    make_line,
    make_order,
    make_read,
    make_reconciliation,
    make_run,
)

NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
KEEP = replace(conf.load({}), keep_history_days=365, keep_runs_days=90, keep_reads_days=30)
NEVER_TOUCHED = (
    SalesOrder, Line, OrderRead, OrderTotal, ReferenceWord, Pending, Quarantine, Position,
    OrderNote, Approval, LinePrice,
)  # fmt: skip


def ago(days):
    return NOW - timedelta(days=days)


def old_run(days, *, outcome="complete", **fields):
    return make_run(outcome=outcome, started_at=ago(days), **fields)


def old_read(order, days, run=None):
    return ReadLog.objects.create(
        company=order.company, doc_entry=order.doc_entry, run=run, probe="changed",
        read_at=ago(days), decision="changed",
    )  # fmt: skip


def untouched():
    """Every byte of every row that must stay as it is."""
    return [serializers.serialize("json", it.objects.order_by("pk")) for it in NEVER_TOUCHED]


def prune(**options):
    return retention.prune(KEEP, now=NOW, **options)


@pytest.mark.django_db
class TestWhatGoes:
    def test_history_older_than_its_limit_goes(self):
        order = make_order()
        make_change(order, read_to=ago(366))
        kept = make_change(order, read_to=ago(364))

        pruned = prune()

        assert (pruned.history, pruned.finished) == (1, True)
        assert OrderChange.objects.get() == kept

    def test_reads_older_than_their_limit_go(self):
        order = make_order()
        old_read(order, 31)
        kept = old_read(order, 29)

        assert prune().reads == 1
        assert ReadLog.objects.get() == kept

    def test_an_old_run_goes_and_the_history_that_it_noticed_stays(self):
        order, run = make_order(), old_run(91)
        change, read = make_change(order, read_to=ago(91), run=run), old_read(order, 20, run)
        make_read(order, read_at=ago(91), run=run)
        kept = old_run(1)

        assert prune().runs == 1
        assert SyncRun.objects.get() == kept
        assert OrderChange.objects.get().pk == change.pk
        assert ReadLog.objects.get().pk == read.pk
        assert OrderChange.objects.get().run is None

    def test_the_newest_run_of_each_outcome_stays_however_old_it_is(self):
        """SAP was not reachable for months: the pages must still say how old the data is."""
        for outcome in ("complete", "failed", "incomplete"):
            old_run(200, outcome=outcome)
            old_run(100, outcome=outcome)
        old_run(300, company_db="SBOTWO")
        before = last_runs.read()

        pruned = prune()

        assert pruned.runs == 3
        assert last_runs.read() == before

    def test_a_run_under_way_stays(self):
        old_run(100, outcome="running", finished_at=None)
        old_run(99, outcome="running", finished_at=None)

        assert prune().runs == 0

    def test_alerts_that_are_over_go_and_one_that_stands_stays(self):
        company = make_company()
        for subject, standing in (("refresh", None), ("quarantine", True)):
            Alert.objects.create(
                company=company, subject=subject, standing=standing, kind="stale", detail="",
                began_at=ago(100),
            )  # fmt: skip

        assert prune().alerts == 1
        assert Alert.objects.get().standing is True

    def test_reconciliations_go_but_the_newest_of_each_company(self):
        for days in (300, 200, 100):
            make_reconciliation(at=ago(days))
        kept = make_reconciliation(at=ago(100), company_db="SBOTWO")

        assert prune().reconciliations == 2
        assert Reconciliation.objects.count() == 2
        assert kept in Reconciliation.objects.all()

    def test_what_people_did_goes_as_history_does(self):
        for days in (366, 100):
            Action.objects.create(company=make_company(), user="amal", kind="pause", at=ago(days))

        assert prune().actions == 1
        assert Action.objects.get().at == ago(100)

    def test_logins_that_have_ended_go(self):
        for key, moment in (("ended", ago(0.1)), ("lasting", ago(-1))):
            Session.objects.create(session_key=key, session_data="", expire_date=moment)

        assert prune().logins == 1
        assert Session.objects.get().pk == "lasting"

    def test_what_is_owed_or_set_aside_stays_however_old(self):
        """It is what keeps an order from being forgotten."""
        company = make_company()
        Pending.objects.create(company=company, doc_entry=1, probe="hint", found_at=ago(9999))
        Quarantine.objects.create(
            company=company, doc_entry=2, stage="decode", reason="bad", payload_hash=1,
            first_seen_at=ago(9999), last_seen_at=ago(9999), retry_at=ago(9999),
        )  # fmt: skip

        prune()

        assert (Pending.objects.count(), Quarantine.objects.count()) == (1, 1)

    def test_a_dry_run_counts_what_would_go_and_lets_nothing_go(self):
        order = make_order()
        make_change(order, read_to=ago(400))
        old_read(order, 40)
        for days in (100, 101, 1):
            old_run(days)

        would = retention.prunable(KEEP, now=NOW)

        assert SyncRun.objects.count() == 3
        assert would == prune()


@pytest.mark.django_db
class TestInSmallSteps:
    @pytest.fixture(autouse=True)
    def small_batches(self, monkeypatch):
        monkeypatch.setattr(retention, "BATCH", 3)

    def test_all_batches_are_gone_through(self):
        for days in range(100, 120):
            old_run(days)
        kept = old_run(1)

        assert prune().runs == 20
        assert SyncRun.objects.get() == kept

    def test_a_part_says_that_there_is_more_and_the_next_goes_on(self):
        for days in range(100, 110):
            old_run(days)
        old_run(1)

        first, second = prune(most_batches=1), prune()

        assert (first.runs, first.finished) == (3, False)
        assert (second.runs, second.finished) == (7, True)

    def test_it_ends_after_a_batch_when_the_program_is_ending(self):
        for days in range(100, 110):
            old_run(days)
        old_run(1)

        pruned = prune(stopping=lambda: True)

        assert (pruned.runs, pruned.finished) == (3, False)

    def test_letting_runs_go_reads_no_order(self):
        for days in range(100, 110):
            old_run(days)
        make_read(make_order(), read_at=ago(100), run=SyncRun.objects.first())

        with CaptureQueriesContext(connection) as executed:
            prune()

        tables = ("ordermirror_salesorder", "ordermirror_orderline", "ordermirror_orderread")
        assert [row["sql"] for row in executed if any(it in row["sql"] for it in tables)] == []


@pytest.mark.django_db
class TestDaily:
    def test_it_prunes_at_the_start_and_then_once_a_day(self):
        daily, counts = retention.Daily(), []
        for hours in (0, 1, 23, 25):
            for days in (100, 101):
                old_run(days)
            old_run(1)
            daily.prune_if_due(
                KEEP, now=NOW + timedelta(hours=hours), stopping=threading.Event().is_set
            )
            counts.append(SyncRun.objects.filter(started_at__lt=ago(90)).count())

        assert counts == [0, 2, 4, 0]

    def test_a_part_is_followed_by_the_next_without_waiting_for_a_day(self, monkeypatch):
        monkeypatch.setattr(retention, "BATCH", 3)
        monkeypatch.setattr(retention, "MOST_BATCHES", 1)
        for days in range(100, 106):
            old_run(days)
        old_run(1)
        daily = retention.Daily()

        for _ in range(2):
            daily.prune_if_due(KEEP, now=NOW, stopping=lambda: False)

        assert SyncRun.objects.count() == 1


ages = st.integers(0, 800)


class TestWhatStays(TestCase):
    @settings(max_examples=20, deadline=None)
    @given(
        orders=st.lists(st.tuples(ages, ages, ages, st.integers(0, 2)), min_size=1, max_size=8),
        runs=st.lists(st.tuples(ages, st.sampled_from(last_runs.ENDED)), max_size=12),
        limits=st.tuples(ages, ages, ages),
        batch=st.integers(1, 5),
    )
    def test_orders_lines_and_what_people_entered_are_the_same_to_the_byte(
        self, orders, runs, limits, batch
    ):
        made = [old_run(days, outcome=outcome) for days, outcome in runs] or [None]
        for place, (changed, read, whole, lines) in enumerate(orders):
            order, run = make_order(), made[place % len(made)]
            for number in range(lines):
                make_line(order, line_num=number)
            make_change(order, read_to=ago(changed), run=run)
            old_read(order, read, run)
            make_read(order, read_at=ago(whole), run=run)
            OrderNote.objects.create(order=order.pk, author="amal", at=ago(changed), text="note")
            Approval.objects.create(order=order.pk, decided_by="amal", decided_at=ago(changed))
            LinePrice.objects.create(order=order.pk, line_num=0, set_by="amal", set_at=ago(read))
        before, fresh = untouched(), last_runs.read()
        history, reads, kept = limits
        keep = replace(KEEP, keep_history_days=history, keep_reads_days=reads, keep_runs_days=kept)
        was, retention.BATCH = retention.BATCH, batch

        try:
            retention.prune(keep, now=NOW)
        finally:
            retention.BATCH = was

        assert untouched() == before
        assert last_runs.read() == fresh
