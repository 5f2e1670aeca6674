"""The benchmark's own decisions, and that its document is written by it."""

from __future__ import annotations

import pytest
from benchmarks import brings, document, plan, raw_tables, svg
from benchmarks.fat import too_much
from benchmarks.fat_load import MEMORY
from benchmarks.names import (
    BEFORE,
    FIRST_LOAD,
    FLOOR,
    NO_LATENCY,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    TEN_CHANGED,
    TEN_CLOSED,
    TUNED,
)
from benchmarks.results import Results
from benchmarks.soak import growth

ENGINES = ("sqlite", "postgresql", "mariadb")


def test_the_default_is_done_in_about_twenty_minutes():
    assert plan.chosen(ENGINES, {}).seconds() < 22 * 60


def test_what_takes_very_long_is_left_out_unless_everything_is_asked_for():
    default = plan.chosen(ENGINES, {})
    everything = plan.chosen(ENGINES, {"EVERYTHING": "1"})

    assert default.repeats(100_000, "sqlite", BEFORE, QUIET, NO_LATENCY) == 0
    assert everything.repeats(100_000, "sqlite", BEFORE, QUIET, NO_LATENCY) == 3


@pytest.mark.parametrize("database", ENGINES)
@pytest.mark.parametrize("system", [PRODUCT, FLOOR])
def test_what_targets_are_about_is_measured_three_times(system, database):
    chosen = plan.chosen(ENGINES, {})

    assert chosen.repeats(10_000, database, system, FIRST_LOAD, NO_LATENCY) == 3
    assert chosen.repeats(10_000, database, system, QUIET, NO_LATENCY) == 3


@pytest.mark.parametrize("system", [TUNED, BEFORE])
def test_the_slowest_do_once_what_targets_compare_on_each_database(system):
    chosen = plan.chosen(ENGINES, {})
    cases = (FIRST_LOAD, QUIET, TEN_CHANGED, TEN_CLOSED)

    times = {
        database: [chosen.repeats(10_000, database, system, it, NO_LATENCY) for it in cases]
        for database in ENGINES
    }

    assert times["sqlite"] == [1, 1, 1, 1]
    assert times["postgresql"] == times["mariadb"] == [1, 1, 1, 0]


def test_ten_thousand_orders_are_waited_for():
    chosen = plan.chosen(ENGINES, {})

    assert chosen.repeats(10_000, "sqlite", PRODUCT, FIRST_LOAD, SAP_LATENCY) == 1
    assert chosen.repeats(10_000, "postgresql", PRODUCT, FIRST_LOAD, SAP_LATENCY) == 0


def test_a_selection_of_refreshes_loads_first():
    chosen = plan.chosen(ENGINES, {"CASES": "quiet", "SIZES": "100,1000", "DATABASES": "sqlite"})

    assert (chosen.cases, chosen.sizes) == ((FIRST_LOAD, QUIET), (100, 1000))
    assert chosen.databases == ("sqlite",)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="DATABASES=oracle"):
        plan.chosen(ENGINES, {"DATABASES": "oracle"})


def test_only_what_reads_ahead_is_waited_for_at_larger_sizes():
    chosen = plan.chosen(ENGINES, {})

    assert chosen.repeats(1_000, "sqlite", PRODUCT, QUIET, SAP_LATENCY) == 1
    assert chosen.repeats(1_000, "sqlite", BEFORE, QUIET, SAP_LATENCY) == 0


def test_results_are_read_as_they_were_written(tmp_path):
    results = Results(tmp_path / "results.json")
    results.begin("sync", {"cores": "2"})
    key = ("100", "sqlite", PRODUCT, QUIET, NO_LATENCY)
    results.put("sync", key, [{"wall": 1.0}, {"wall": 3.0}, {"wall": 2.5}])

    read = Results.read(tmp_path / "results.json")

    assert read == results
    assert read.median("sync", key, "wall") == 2.5
    assert read.span("sync", key, "wall") == (1.0, 3.0)


def test_a_figure_that_was_not_measured_has_no_median():
    results = Results(suites={"sync": {("a",): [{"wall": 1.0}, {"wall": 2.0, "resident": 70.0}]}})

    assert results.median("sync", ("a",), "resident") is None
    assert results.median("sync", ("b",), "wall") is None


def test_two_programs_keep_each_others_results(tmp_path):
    one, other = Results(tmp_path / "results.json"), Results(tmp_path / "results.json")
    one.put("sync", ("a",), [{"wall": 1.0}])

    other.put("reading", ("b",), [{"wall": 2.0}])

    assert Results.read(tmp_path / "results.json").suites == one.suites | other.suites


def test_a_suite_measured_anew_leaves_the_others_as_they_were(tmp_path):
    kept, newer = Results(tmp_path / "kept.json"), Results(tmp_path / "newer.json")
    kept.put("sync", ("a",), [{"wall": 1.0}])
    kept.put("reading", ("b",), [{"wall": 2.0}])
    newer.put("reading", ("b",), [{"wall": 1.5}])

    kept.take(newer)

    read = Results.read(tmp_path / "kept.json")
    assert read.suites == {"sync": {("a",): [{"wall": 1.0}]}, "reading": {("b",): [{"wall": 1.5}]}}


FULL = {
    "open files": 8.0, "threads": 1.0, "connections": 1.0, "MB resident": 90.0,
    "rows of runs": 2880.0, "rows of reads": 300.0, "MB of logs": 2.0, "rows of history": 3000.0,
    "bytes of database a row": 900.0,
}  # fmt: skip


def test_a_soak_that_stays_level_has_nothing_to_tell():
    assert growth(FULL, FULL | {"MB resident": 91.0}, days=40) == []


def test_what_was_not_full_yet_may_still_grow():
    assert growth(FULL, FULL | {"rows of history": 4000.0}, days=29) == []
    assert growth(FULL, FULL | {"rows of runs": 4000.0}, days=9) == []


@pytest.mark.parametrize("name", FULL)
def test_a_soak_tells_what_grew(name):
    [told] = growth(FULL, FULL | {name: FULL[name] * 2}, days=40)

    assert told.startswith(f"{name} grew")


def test_the_performance_document_is_what_its_figures_say():
    results = Results.read(document.SOURCE)

    assert document.DOCUMENT.read_text("utf-8") == document.document(results)
    assert document.TABLES.read_text("utf-8") == raw_tables.document(results)
    assert document.headline(results) in document.README.read_text("utf-8")
    for name, chart in document.charts(results).items():
        assert (document.IMAGES / name).read_text("utf-8") == chart


def test_labels_of_a_chart_do_not_cover_each_other():
    placed = svg._apart({"a": 10.0, "b": 12.0, "c": 100.0})

    assert placed == {"a": 10.0, "b": 26.0, "c": 100.0}


def test_a_load_that_needs_250_mb_is_told_to_be_too_much():
    assert too_much("whole", {MEMORY: 249.9}) == []
    assert too_much("whole", {MEMORY: 250.0}) == ["whole: 250.0 MB resident, and 250 is the limit"]


def test_what_a_technique_brings_is_told_with_the_databases_side_by_side():
    def of(database, way, **figures):
        return {("10,000 orders", database, "quiet run", way): [figures]}

    runs = of("sqlite", "as it is", wall=2.0, statements=8.0, requests=6.0, rows=20.0, memory=3.0)
    runs |= of("sqlite", "without", wall=5.0, statements=9.0, requests=7.0, rows=75.0, memory=4.0)
    runs |= of("mariadb", "as it is", wall=4.0) | of("mariadb", "without", wall=6.0)

    told = brings.summary(Results(suites={"techniques": runs}))

    assert "|  | SQLite | MariaDB | statements | requests | rows | MB above idle |" in told
    assert "| as it is | 2 s | 4 s | 8 | 6 | 20 | 3 |" in told
    assert "| without | 5 s, 2.50 × | 6 s, 1.50 × | 9 | 7 | 75 | 4 |" in told
