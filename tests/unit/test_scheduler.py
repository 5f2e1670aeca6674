"""Starting what is due in threads."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ordermirror import scheduler
from ordermirror.models import Company
from ordermirror.scheduler import Repeated, Scheduler, Waiting

PATIENCE = timedelta(seconds=10)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(scheduler, "LOOK_AGAIN_SECONDS", 0.001)


def companies(number):
    return [Company(pk=pk, company_db=f"C{pk}") for pk in range(1, number + 1)]


def test_an_error_does_not_end_the_rhythm(caplog):
    calls, third = [], threading.Event()

    def refresh(company, stopping):
        calls.append(company.pk)
        if len(calls) == 3:
            third.set()
        raise RuntimeError("boom")

    made = Scheduler(lambda: [Waiting(0, it) for it in companies(1)], refresh)
    made.start()
    assert third.wait(10)
    made.stop(patience=PATIENCE)

    assert caplog.text.count("a refresh of C1 failed") == len(calls)


def test_looks_that_fail_are_told_once_and_do_not_end_the_rhythm(caplog):
    looks, begun = [], threading.Event()

    def waiting():
        looks.append(None)
        if len(looks) < 4:
            raise RuntimeError("boom")
        return [Waiting(0, it) for it in companies(1)]

    made = Scheduler(waiting, lambda company, stopping: begun.set())
    made.start()
    assert begun.wait(10)
    made.stop(patience=PATIENCE)

    assert caplog.text.count("a refresh failed: boom") == 1


def test_a_company_whose_refresh_is_under_way_is_left_alone():
    looks, calls, enough = [], [], threading.Event()

    def waiting():
        looks.append(None)
        if len(looks) == 5:
            enough.set()
        return [Waiting(0, it) for it in companies(1)]

    def refresh(company, stopping):
        calls.append(company.pk)
        stopping.wait(10)

    made = Scheduler(waiting, refresh)
    made.start()
    assert enough.wait(10)
    made.stop(patience=PATIENCE)

    assert calls == [1]


def test_a_long_refresh_does_not_hold_up_the_other_companies():
    others, all_others = set(), threading.Event()

    def refresh(company, stopping):
        if company.pk == 1:
            stopping.wait(10)
        else:
            others.add(company.pk)
            if len(others) == 9:
                all_others.set()

    made = Scheduler(lambda: [Waiting(0, it) for it in companies(10)], refresh)
    made.start()

    assert all_others.wait(10)
    made.stop(patience=PATIENCE)


def test_only_a_few_refreshes_are_under_way_together():
    under_way, full = set(), threading.Event()

    def refresh(company, stopping):
        under_way.add(company.pk)
        if len(under_way) == scheduler.MOST_AT_ONCE:
            full.set()
        stopping.wait(10)

    made = Scheduler(lambda: [Waiting(0, it) for it in companies(10)], refresh)
    made.start()
    assert full.wait(10)
    made.stop(patience=PATIENCE)

    assert under_way == {1, 2, 3, 4}


def test_what_is_not_due_is_not_started():
    looked, calls = threading.Event(), []

    def waiting():
        looked.set()
        return [Waiting(60, it) for it in companies(1)]

    made = Scheduler(waiting, lambda company, stopping: calls.append(company))
    made.start()
    assert looked.wait(10)
    made.stop(patience=PATIENCE)

    assert calls == []


def test_what_is_repeated_goes_on_after_an_error_that_is_told_once(caplog):
    calls, fourth = [], threading.Event()

    def work():
        calls.append(None)
        if len(calls) == 4:
            fourth.set()
        if len(calls) < 4:
            raise RuntimeError("boom")

    made = Repeated("looking", work, every=timedelta(milliseconds=1))
    made.start()
    assert fourth.wait(10)
    made.stop(patience=PATIENCE)

    assert caplog.text.count("looking failed: boom") == 1


def test_what_is_repeated_does_not_begin_at_once():
    """After a night without power the data is old until the first refresh has ended."""
    calls = []

    made = Repeated("looking", lambda: calls.append(None), every=timedelta(hours=1))
    made.start()
    made.stop(patience=PATIENCE)

    assert calls == []
