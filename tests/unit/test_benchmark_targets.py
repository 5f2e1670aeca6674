"""Each target is told with what was measured for it, of results that are made up."""

from __future__ import annotations

import pytest
from benchmarks import targets
from benchmarks.names import (
    BEFORE,
    BULK_CREATE,
    FIRST_LOAD,
    FLOOR,
    NO_LATENCY,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    TEN_CHANGED,
)
from benchmarks.reading import WHILE_WRITING
from benchmarks.results import Results


def of(system, case, *figures, orders=10_000, database="sqlite", latency=NO_LATENCY):
    return {(str(orders), database, system, case, latency): list(figures)}


def told(results, what, *, under="## Targets", database=0):
    """The cell of the first target with these words, under a heading."""
    lines = targets.section(results).partition(under)[2].splitlines()
    [line, *_] = [line for line in lines if line.startswith("| ") and what in line]
    return [cell.strip() for cell in line.strip("|").split("|")][2 + database]


def sync(*parts):
    return Results(suites={"sync": {key: runs for part in parts for key, runs in part.items()}})


def test_a_target_is_met_at_its_limit_and_missed_beyond_it():
    at = sync(of(PRODUCT, QUIET, {"requests": 8.0}))
    beyond = sync(of(PRODUCT, QUIET, {"requests": 9.0}))

    assert told(at, "requests", under="Quiet") == "8, met"
    assert told(beyond, "requests", under="Quiet") == "9, **missed**"


def test_what_was_not_measured_is_said_to_be_so():
    cells = [
        target.told(Results(), database)
        for group in targets.TARGETS.values()
        for target in group
        for database in target.databases
    ]

    assert set(cells) == {targets.NOT_MEASURED}


def test_how_many_are_met_is_told_first():
    quiet = {"requests": 8.0, "statements": 16.0, "memory": 65.0}

    told = targets.section(sync(of(PRODUCT, QUIET, quiet)))

    assert " 1 are met, 2 are missed and " in told


def test_medians_are_judged_by_database():
    slow = of(PRODUCT, QUIET, {"wall": 0.4}, database="mariadb")
    before = of(BEFORE, QUIET, {"wall": 36.0}, database="mariadb")
    results = sync(
        of(PRODUCT, QUIET, {"wall": 9.0}, {"wall": 0.2}, {"wall": 0.1}),
        of(BEFORE, QUIET, {"wall": 24.0}),
        slow | before,
    )

    what = "wall clock than *before*"
    assert told(results, what, under="Quiet") == "120, met"
    assert told(results, what, under="Quiet", database=2) == "90, **missed**"
    assert told(results, what, under="Quiet", database=1) == targets.NOT_MEASURED


@pytest.mark.parametrize(("rows", "verdict"), [(20.0, "20, met"), (19.0, "19, **missed**")])
def test_exactly_the_changed_rows_are_wanted(rows, verdict):
    assert told(sync(of(PRODUCT, TEN_CHANGED, {"rows": rows})), "rows written: each") == verdict


def test_a_first_load_is_compared_by_cpu_the_servers_included():
    results = sync(
        of(PRODUCT, FIRST_LOAD, {"cpu": 2.0, "server": 1.0, "wall": 4.0}),
        of(FLOOR, FIRST_LOAD, {"cpu": 1.5, "server": 1.0, "wall": 3.0}),
        of(BULK_CREATE, FIRST_LOAD, {"cpu": 8.0, "server": 2.5, "wall": 20.0}),
    )

    assert told(results, "the floor's") == "1.20, met"
    assert told(results, "CPU than *bulk_create*") == "3.50, **missed**"
    assert told(results, "wall clock than *bulk_create*") == "5, met"


def test_waiting_is_hidden_when_two_requests_share_it():
    waited = {"wall": 50.0, "waited": 90.0}
    results = sync(of(PRODUCT, FIRST_LOAD, waited, latency=SAP_LATENCY))

    assert told(results, "as a multiple of the waiting") == "1.11, met"


def test_growth_is_of_one_order():
    few = of(PRODUCT, FIRST_LOAD, {"cpu": 4.0, "server": 1.0, "resident": 90.0})
    many = of(PRODUCT, FIRST_LOAD, {"cpu": 50.0, "server": 20.0, "resident": 130.0}, orders=100_000)
    quiet = of(PRODUCT, QUIET, {"resident": 210.0}, orders=100_000)
    results = sync(few, many, quiet)

    assert told(results, "CPU of an order") == "1.40, **missed**"
    assert told(results, "MB resident") == "210, **missed**"


def test_dlt_is_compared_within_its_own_session():
    runs = {
        ("10,000 orders", "sqlite", "dlt, first load"): [{"wall": 18.0, "cpu": 16.0}],
        ("10,000 orders", "sqlite", "OrderMirror, first load"): [{"wall": 3.0, "cpu": 4.0}],
    }
    results = Results(suites={"peers": runs})

    assert told(results, "wall clock than dlt") == "6, met"
    assert told(results, "CPU than dlt") == "4, **missed**"
    assert told(results, "CPU than dlt", database=1) == ""


def test_the_worst_page_counts_and_searches_have_a_limit_of_their_own():
    place = ("100,000 orders", "postgresql")
    page = {"statements": 6.0, "p95 ms": 20.0}
    runs = {
        (*place, "open orders"): [page | {"database ms": 2.0}],
        (*place, "an order"): [page | {"database ms": 4.0, "p95 ms": 61.0}],
        (*place, "search for a name"): [page | {"database ms": 19.0}],
        (*place, WHILE_WRITING): [{"p99 ms": 299.0, "errors": 1.0}],
    }
    results = Results(suites={"reading": runs})

    def cell(what):
        return told(results, what, under="Reading", database=1)

    assert cell("searches aside") == "4, met"
    assert cell("of a search") == "19, met"
    assert cell("95th") == "61, **missed**"
    assert cell("99th") == "299, met"
    assert cell("errors") == "1, **missed**"
