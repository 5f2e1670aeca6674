"""When a refresh is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ordermirror.core.due import due_at

SINCE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def minutes(number):
    return SINCE + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("active", "due"),
    [
        (0, 5),
        (4.9, 5),
        (5, 10),
        (13, 15),  # a run that took more than two slots: they are left out
        (-1, 0),  # before the rhythm began
    ],
)
def test_it_is_due_once_in_each_slot(active, due):
    every = timedelta(minutes=5)

    found = due_at(minutes(active), now=minutes(20), since=SINCE, every=every)

    assert found == minutes(due)


def test_it_is_due_at_once_when_there_was_no_run():
    assert due_at(None, now=minutes(3), since=SINCE, every=timedelta(minutes=5)) == SINCE


def test_it_is_due_at_once_when_the_clock_was_put_back():
    found = due_at(minutes(600), now=minutes(3), since=SINCE, every=timedelta(minutes=5))

    assert found <= minutes(3)
