"""Hours of the day in which no refresh is begun by itself."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordermirror import quiet

DUBAI = ZoneInfo("Asia/Dubai")


def at(text, zone=DUBAI):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-06:00", "2026-01-05 23:10", "2026-01-06 06:00"),
        ("22:00-06:00", "2026-01-05 22:00", "2026-01-06 06:00"),
        ("22:00-06:00", "2026-01-06 05:59:59", "2026-01-06 06:00"),
        ("22:00-06:00", "2026-01-06 06:00", None),
        ("22:00-06:00", "2026-01-05 21:59:59", None),
        ("12:00-13:00", "2026-01-05 12:30", "2026-01-05 13:00"),
        ("22:00-24:00", "2026-01-05 23:00", "2026-01-06 00:00"),
        ("12:00-13:00, 22:00-06:00", "2026-01-05 12:30", "2026-01-05 13:00"),
        ("12:00-13:00, 22:00-06:00", "2026-01-05 14:00", None),
        ("22:00-06:00,06:00-07:30", "2026-01-05 23:00", "2026-01-06 07:30"),
    ],
)
def test_quiet_ends_when_the_hours_do(hours, now, until):
    assert quiet.until(quiet.parse(hours), at(now)) == (until and at(until))


def test_quiet_ends_by_the_clock_on_the_wall_when_that_is_moved():
    berlin = ZoneInfo("Europe/Berlin")

    until = quiet.until(quiet.parse("22:00-06:00"), at("2026-03-28 23:00", berlin))

    assert until == at("2026-03-29 06:00", berlin)
    assert until.utcoffset() != at("2026-03-28 23:00", berlin).utcoffset()


@pytest.mark.parametrize(
    ("hours", "now", "ended"),
    [
        ("22:00-06:00", "2026-01-05 08:00", "2026-01-05 06:00"),
        ("22:00-06:00", "2026-01-05 06:00", "2026-01-05 06:00"),
        ("22:00-06:00", "2026-01-05 05:00", "2026-01-04 06:00"),
        ("22:00-06:00,12:00-13:00", "2026-01-05 14:00", "2026-01-05 13:00"),
    ],
)
def test_the_last_end_is_the_newest_one_that_has_passed(hours, now, ended):
    assert quiet.last_end(quiet.parse(hours), at(now)) == at(ended)


def test_without_hours_it_is_never_quiet():
    assert quiet.until((), at("2026-01-05 23:00")) is None
    assert quiet.last_end((), at("2026-01-05 23:00")) is None


@pytest.mark.parametrize("text", ["22-6", "22:00", "25:00-06:00", "22:00-22:00", "22:60-06:00", ""])
def test_what_is_no_span_of_hours_is_refused(text):
    with pytest.raises(ValueError, match="22:00-06:00"):
        quiet.parse(text)


def test_a_day_that_is_all_quiet_is_refused():
    with pytest.raises(ValueError, match="all hours of the day; leave some out"):
        quiet.parse("06:00-18:00,18:00-06:00")


times = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@given(
    st.lists(st.tuples(times, times), min_size=1, max_size=3),
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)),
)
def test_quiet_always_ends_in_a_moment_that_is_not_quiet(spans, now):
    try:
        hours = quiet.parse(",".join(f"{begins}-{ends}" for begins, ends in spans))
    except ValueError:
        return
    now = now.replace(tzinfo=DUBAI)

    until = quiet.until(hours, now)

    assert until is None or (until > now and quiet.until(hours, until) is None)
