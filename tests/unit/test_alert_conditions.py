"""What of a company's state somebody is told about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ordermirror.alerts.conditions import (
    Kind,
    Limits,
    Subject,
    Watched,
    is_worth_telling,
    troubles,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIMITS = Limits(
    stale_after=timedelta(minutes=30), failed_times=3, quarantined=5, quarantine_growth=10
)


def found(**state):
    well = {
        "fresh_as_of": NOW,
        "limit": timedelta(minutes=10),
        "stands": False,
        "failed_since": 0,
        "last_problem": "",
        "conflict": "",
        "quarantined": 0,
        "quarantined_lately": 0,
    }
    state = {**well, **state}
    state.setdefault("waited", NOW - state["fresh_as_of"])
    return troubles(Watched(**state), LIMITS, now=NOW)


def refresh(**state):
    trouble = found(**state).get(Subject.REFRESH)
    return trouble and trouble.kind


def test_nothing_is_wrong_with_fresh_data():
    assert found() == {}


def test_data_older_than_allowed_is_told():
    assert refresh(fresh_as_of=NOW - timedelta(minutes=30)) is None
    assert refresh(fresh_as_of=NOW - timedelta(minutes=31)) == Kind.STALE


def test_a_slow_cadence_lets_data_become_older():
    hours = timedelta(hours=8)

    assert refresh(fresh_as_of=NOW - hours, limit=hours) is None
    assert refresh(fresh_as_of=NOW - hours, limit=hours - timedelta(minutes=1)) == Kind.STALE


def test_quiet_hours_excuse_what_was_fresh_before_them_and_end_nothing():
    before = NOW - timedelta(hours=3)

    assert refresh(fresh_as_of=before, waited=timedelta(0)) is None
    assert refresh(fresh_as_of=before, waited=timedelta(minutes=31)) == Kind.STALE
    assert refresh(fresh_as_of=before, waited=timedelta(0), stands=True) == Kind.STALE


def test_data_that_became_fresh_ends_what_stands():
    assert refresh(stands=True) is None


def test_refreshes_that_fail_are_told_after_some():
    assert refresh(failed_since=2) is None
    assert refresh(failed_since=3, last_problem="no answer") == Kind.FAILED


def test_a_stop_is_told_at_once_and_explains_the_rest():
    assert refresh(conflict="another company", failed_since=9) == Kind.STOPPED


def test_the_sentence_names_the_last_problem():
    [trouble] = found(failed_since=3, last_problem="no answer from SAP").values()
    assert "no answer from SAP" in trouble.detail


def test_a_quarantine_that_grows_is_told_whatever_else_is_wrong():
    assert found(quarantined=4) == {}
    assert found(quarantined=5, failed_since=3).keys() == {Subject.REFRESH, Subject.QUARANTINE}


def test_many_orders_set_aside_within_an_hour_are_told_besides():
    assert found(quarantined=50, quarantined_lately=9).keys() == {Subject.QUARANTINE}
    assert found(quarantined=50, quarantined_lately=10).keys() == {
        Subject.QUARANTINE,
        Subject.GROWTH,
    }


@pytest.mark.parametrize(
    ("kind", "told", "worth"),
    [
        (Kind.STALE, "", True),
        (Kind.STALE, Kind.STALE, False),
        (Kind.FAILED, Kind.STALE, False),
        (Kind.STOPPED, Kind.FAILED, True),
        (Kind.FAILED, Kind.STOPPED, False),
    ],
)
def test_one_trouble_is_told_once_but_a_stop_is_told_besides(kind, told, worth):
    assert is_worth_telling(kind, told=told) is worth
