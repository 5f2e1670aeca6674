"""What each kind of run costs, counted: requests, SQL statements and rows written.

Times differ from machine to machine, counts do not. `make counts` writes the expectation anew.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks.pretend import Happenings
from django.db import connection

from tests.support import mirrored

EXPECTED = Path(__file__).parent / "counts.json"
ORDERS = 250
BETWEEN_RUNS = timedelta(minutes=10)
SETTLING_RUNS = 8
"""Until each question with a cadence has been put twice: only then a quiet run is like the next."""


@pytest.mark.django_db(transaction=True)
def test_each_kind_of_run_costs_exactly_what_is_expected():
    expected = json.loads(EXPECTED.read_text())

    counted = counts()

    if os.environ.get("UPDATE_COUNTS"):
        expected[connection.vendor] = counted
        EXPECTED.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    assert counted == expected[connection.vendor]


def counts():
    """Of each case: as `make bench` has them, in a world without chance or clock."""
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    counted = {}
    with mirrored(orders=ORDERS, open_share=1.0, bump_on=frozenset({"edit"})) as mirror:
        mirror.page_size, mirror.light_page_size, mirror.parallel = 200, 5000, 0
        happenings = Happenings(mirror.sandbox)

        def run(case):
            nonlocal now
            now += BETWEEN_RUNS
            mirror.sandbox.advance(BETWEEN_RUNS)
            report = mirror.sync(clock=lambda: now)
            assert report.outcome == "complete"
            counted[case] = {
                "requests": report.requests,
                "statements": report.statements,
                "rows": report.rows_written,
            }

        run("first load")
        run("after a first load")
        for _ in range(SETTLING_RUNS):
            run("quiet")
        happenings.edit(10)
        run("10 changed")
        run("after 10 changed")
        happenings.edit(100)
        run("100 changed")
        run("after 100 changed")
        happenings.close(10)
        run("10 closed")
        assert mirror.exported() == mirror.expected()
    return counted
