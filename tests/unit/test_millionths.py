"""Amounts as SQLite keeps them: exact, and in order."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ordermirror.millionths import HIGHEST_INTEGER, keep, restored
from ordermirror.records import HIGHEST_AMOUNT

HIGHEST = int(HIGHEST_AMOUNT.scaleb(6))
REACH = 13_500_000_000_000 * 10**6
"""Up to here a number stands for a number, so that order is kept in both directions."""

NEAR_THE_SEAM = st.integers(-3000, 3000).flatmap(
    lambda step: st.sampled_from([HIGHEST_INTEGER + step, -HIGHEST_INTEGER + step])
)
AMOUNTS = st.integers(-HIGHEST, HIGHEST) | NEAR_THE_SEAM
SUMS = st.integers(-REACH, REACH) | NEAR_THE_SEAM


@settings(deadline=None)
@given(AMOUNTS | st.integers(-(10**39) + 1, 10**39 - 1))
@example(HIGHEST)
@example(-HIGHEST)
@example(2**63)
@example(-(2**63))
def test_what_is_kept_is_restored(millionths):
    assert restored(keep(millionths)) == millionths


@settings(deadline=None)
@given(SUMS, SUMS)
@example(HIGHEST_INTEGER, HIGHEST_INTEGER + 1)
@example(-HIGHEST_INTEGER, -HIGHEST_INTEGER - 1)
@example(HIGHEST - 1, HIGHEST)
def test_order_is_kept(one, other):
    assert (keep(one) < keep(other)) == (one < other)
    assert (keep(one) == keep(other)) == (one == other)


@settings(deadline=None)
@given(st.lists(SUMS | st.integers(REACH, 10**39 - 1), max_size=30))
def test_sqlite_orders_what_is_kept_and_returns_it_unchanged(amounts):
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE amounts (kept BIGINT)")
        database.executemany("INSERT INTO amounts VALUES (?)", [(keep(it),) for it in amounts])

        rows = database.execute("SELECT kept FROM amounts ORDER BY kept").fetchall()

    assert [restored(kept) for (kept,) in rows] == sorted(amounts)


@pytest.mark.parametrize("computed", [0.5, 1e18, -1e18, float("inf"), float("nan")])
def test_what_sqlite_rounded_is_not_taken_for_an_amount(computed):
    with pytest.raises(ValueError, match="computed by SQLite"):
        restored(computed)
