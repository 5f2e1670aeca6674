"""Hours of the day in which no refresh is begun by itself, or nobody is told anything. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import NamedTuple

_MINUTES_A_DAY = 24 * 60


class Hours(NamedTuple):
    """From `begins` up to `ends`, on the next day when that is earlier."""

    begins: time
    ends: time

    def hold(self, at: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


def parse(text: str) -> tuple[Hours, ...]:
    """From 22:00-06:00, several separated by commas; raises ValueError."""
    hours = tuple(_hours(part.strip()) for part in text.split(","))
    every_minute = (time(minute // 60, minute % 60) for minute in range(_MINUTES_A_DAY))
    if all(_held(hours, at) for at in every_minute):
        raise ValueError("these are all hours of the day; leave some out")
    return hours


def until(hours: Iterable[Hours], now: datetime) -> datetime | None:
    """When the quiet in which `now` lies ends, hours that join on included; None when it is not.

    `now` is aware, in the time zone in which the hours are meant.
    """
    hours, at = tuple(hours), now
    while held := _held(hours, at.time()):
        at = _next(at, held.ends)
    return at if at != now else None


def last_end(hours: Iterable[Hours], now: datetime) -> datetime | None:
    """When the last quiet before `now` ended; None when there are no such hours.

    `now` is aware, in the time zone in which the hours are meant.
    """
    ends = (_next(now - timedelta(days=1), each.ends) for each in hours)
    return max((end for end in ends if end <= now), default=None)


def _held(hours: Iterable[Hours], at: time) -> Hours | None:
    return next((each for each in hours if each.hold(at)), None)


def _next(after: datetime, at: time) -> datetime:
    """The first moment after `after` at which the clock on the wall shows `at`."""
    same_day = datetime.combine(after.date(), at, tzinfo=after.tzinfo)
    return same_day if same_day > after else same_day + timedelta(days=1)


def _hours(text: str) -> Hours:
    match = re.fullmatch(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})", text)
    try:
        begins, ends = (_time(part) for part in match.groups()) if match else (None, None)
    except ValueError:
        begins = ends = None
    if begins is None or ends is None or begins == ends:
        raise ValueError("use hours such as 22:00-06:00, several separated by commas")
    return Hours(begins, ends)


def _time(text: str) -> time:
    """24:00 is midnight as well."""
    hour, minute = map(int, text.split(":"))
    return time(0) if (hour, minute) == (24, 0) else time(hour, minute)
