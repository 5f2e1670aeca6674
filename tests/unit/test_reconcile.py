"""What is a difference between SAP and the mirror, and what is on its way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ordermirror.core.fingerprint import light_hash
from ordermirror.core.reconcile import Count, Reason, Side, Standing, compared, unequal
from ordermirror.records import LightOrder


def light(entry=1, *, total="10", time="10:00:00", status="open"):
    return LightOrder(entry, date(2026, 1, 5), time, status, False, Decimal(total))


def test_equal_sides_add_up_exactly():
    rows = {entry: light(entry, total="9999999999999.999999") for entry in range(1, 1001)}

    found = compared(rows, rows, {})

    assert found.at_sap == found.here == Side(1000, Decimal("9999999999999999.999000"))
    assert (found.on_their_way, found.differences) == (0, ())


AS_READ = Standing(light_hash(light()))
OTHERWISE = Standing(light_hash(light(time="10:01:00")))


@pytest.mark.parametrize(
    ("at_sap", "here", "standing", "reason"),
    [
        (light(), None, Standing(), Reason.LACKING),
        (light(), None, AS_READ, Reason.LACKING),
        (light(), None, AS_READ._replace(read_since=True), Reason.LACKING),
        (light(), light(total="11"), AS_READ, Reason.TOTAL),
        (light(), light(total="11"), AS_READ._replace(read_since=True), Reason.TOTAL),
        (light(), light(time="10:02:00"), AS_READ, Reason.STATE),
        (light(), light(total="11"), AS_READ._replace(set_aside=True), Reason.SET_ASIDE),
        (light(), light(total="11"), AS_READ._replace(owed=True), None),
        (light(), light(time="10:01:00"), OTHERWISE._replace(read_since=True), None),
        (light(), None, OTHERWISE._replace(read_since=True), None),
        (light(), light(time="10:01:00"), OTHERWISE, Reason.STATE),
        ("absent", light(), AS_READ, Reason.NOT_OPEN),
        ("absent", light(), AS_READ._replace(read_since=True), None),
        ("absent", light(), AS_READ._replace(owed=True), None),
        (None, light(), AS_READ, None),
        (None, light(), AS_READ._replace(set_aside=True), Reason.SET_ASIDE),
    ],
)
def test_an_order_differs_unless_it_is_on_its_way(at_sap, here, standing, reason):
    shown = {} if at_sap == "absent" else {1: at_sap}
    mirrored = {} if here is None else {1: here}

    found = compared(shown, mirrored, {1: standing})

    assert unequal(shown, mirrored) == {1}
    assert [it.reason for it in found.differences] == ([reason] if reason else [])
    assert found.on_their_way == (reason is None)


def test_an_order_on_its_way_is_in_neither_sum():
    at_sap = {1: light(1), 2: light(2, total="20")}
    here = {1: light(1), 2: light(2, total="21")}

    found = compared(at_sap, here, {2: Standing(owed=True)})

    assert found.at_sap == found.here == Side(1, Decimal("10.000000"))


@pytest.mark.parametrize(
    ("before", "after", "here", "unsettled", "difference"),
    [
        (5, 5, 5, 0, 0),
        (5, 7, 5, 0, 0),
        (7, 5, 6, 0, 0),
        (5, 7, 8, 0, 1),
        (5, 7, 3, 0, -2),
        (5, 7, 3, 2, 0),
        (5, 7, 10, 2, 1),
    ],
)
def test_a_count_differs_beyond_what_happened_meanwhile(before, after, here, unsettled, difference):
    assert Count(before, after, here, unsettled).difference == difference
