"""How many orders the rolling audit reads again, and within how long it comes round. Pure."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

SHORTEST = timedelta(hours=1)


def share(orders: int, *, elapsed: timedelta, period: timedelta) -> int:
    """How many of `orders` are due after `elapsed`, so that all are read within `period`.

    0 while less than one is due; the time that has elapsed is not lost then.
    """
    due = orders * (elapsed / period)
    return min(orders, ceil(due)) if due >= 1 else 0


def holds(orders: int, *, every: timedelta, period: timedelta, most: int) -> bool:
    """Whether runs that audit `most` at once, one in each `every`, come round within `period`."""
    return share(orders, elapsed=every, period=period) <= most


def adapted(period: timedelta, *, silent_changes: int, longest: timedelta) -> timedelta:
    """Silent changes halve the period; every audit without one lengthens it a little again."""
    if silent_changes:
        return max(period / 2, min(SHORTEST, longest))
    return min(period * 1.02, longest)
