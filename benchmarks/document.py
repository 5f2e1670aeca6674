"""docs/performance.md, its tables and charts and README's figures: `make bench-docs`."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import brings, ratios, raw_tables, svg, targets
from benchmarks.figures import figure, machine, markdown, tables
from benchmarks.measure import SUITE
from benchmarks.names import (
    BEFORE,
    FIRST_LOAD,
    INCREMENTAL,
    MANY_CHANGED,
    NO_LATENCY,
    ONE_AT_A_TIME,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    SYSTEMS,
    TEN_CHANGED,
    TEN_CLOSED,
)
from benchmarks.results import FILE, ROOT, Results

DOCUMENT = ROOT / "docs/performance.md"
TABLES = ROOT / "docs/performance-tables.md"
SOURCE = ROOT / "docs/performance.json"
IMAGES = ROOT / "docs/images"
README = ROOT / "README.md"
HEAD = Path(__file__).parent / "performance.md"
MEASURED = Path(__file__).parent / "measured.md"
MARKED = re.compile(r"(<!-- performance -->\n).*(<!-- /performance -->)", re.DOTALL)
CHARTS = {
    FIRST_LOAD: "first-load",
    QUIET: "quiet-run",
    TEN_CHANGED: "ten-changed",
    MANY_CHANGED: "many-changed",
    TEN_CLOSED: "ten-closed",
}
EXTRAS = {
    "peers": "A general loader on the same orders",
    "reading": "Reading",
    "fat": "A first load of documents of real size",
    "soak": "90 days",
}


def document(results: Results) -> str:
    parts = [HEAD.read_text("utf-8"), f"\nMeasured on {machine(results, SUITE)}.\n"]
    parts += [targets.section(results), ratios.largest(results), _charts(results)]
    parts += [_waiting(results), brings.summary(results)]
    for suite, title in EXTRAS.items():
        parts += tables(results, suite, title)
    parts.append(MEASURED.read_text("utf-8"))
    return "\n".join(part for part in parts if part)


def charts(results: Results) -> dict[str, str]:
    """By file name."""
    drawn: dict[str, str] = {}
    for case, name in CHARTS.items():
        series = {system: _points(results, system, case) for system in SYSTEMS}
        series = {system: points for system, points in series.items() if points}
        if series:
            title = f"{case.capitalize()} on SQLite: seconds by open orders"
            drawn[f"{name}.svg"] = svg.lines(title, series, across="open orders", up="seconds")
    return drawn


def headline(results: Results) -> str:
    """For README: at the largest size that *before* was measured with, on SQLite."""
    orders = ratios.compared(results)
    if not orders:
        return ""
    rows = []
    for case in (FIRST_LOAD, QUIET, TEN_CHANGED, MANY_CHANGED, TEN_CLOSED):
        key = (orders, "sqlite", PRODUCT, case, NO_LATENCY)
        if results.runs(SUITE, key):
            others = [ratios.told(results, key, system) for system in (INCREMENTAL, BEFORE)]
            rows.append([case, ratios.seconds(results, key), *others])
    told = markdown(
        ["run", "OrderMirror", "an incremental sync", "a sync that rewrites everything"], rows
    )
    once = "; * was measured once" if "*" in told else ""
    return (
        f"With {int(orders):,} open orders on SQLite, of the same pretend SAP without waiting"
        f" ({machine(results, SUITE)}{once}):\n\n{told}\n"
        "[docs/performance.md](docs/performance.md) has the other sizes, databases and baselines,"
        " and says what each of them does.\n"
    )


def _charts(results: Results) -> str:
    return "\n".join(f"![{name}](images/{name})" for name in charts(results)) + "\n"


def _points(results: Results, system: str, case: str) -> list[tuple[float, float]]:
    found = {
        int(key[0]): results.median(SUITE, key, "wall") or 0.0
        for key in results.suites.get(SUITE, {})
        if key[1:] == ("sqlite", system, case, NO_LATENCY)
    }
    return [(float(orders), max(found[orders], 0.001)) for orders in sorted(found)]


def _waiting(results: Results) -> str:
    rows: list[list[str]] = []
    for key in results.suites.get(SUITE, {}):
        orders, database, system, case, latency = key
        if latency != SAP_LATENCY or system != PRODUCT:
            continue
        waited = results.median(SUITE, key, "waited") or 0.0
        others = [_with_waiting(results, orders, database, it, case) for it in ONE_AT_A_TIME]
        place, took = f"{int(orders):,}", ratios.seconds(results, key)
        rows.append([place, case, took, f"{waited:.1f} s", *others])
    if not rows:
        return ""
    head = ["orders", "run", PRODUCT, "its waiting, one after another", *ONE_AT_A_TIME]
    return f"\n## With SAP-like waiting\n\n{markdown(head, rows)}"


def _with_waiting(results: Results, orders: str, database: str, system: str, case: str) -> str:
    waited = (orders, database, system, case, SAP_LATENCY)
    if results.runs(SUITE, waited):
        return ratios.seconds(results, waited)
    reckoned = results.median(SUITE, (*waited[:-1], NO_LATENCY), "wall", "waited")
    return "" if reckoned is None else f"{figure(reckoned)} s, reckoned"


def main() -> None:
    results = Results.read(SOURCE)
    results.take(Results.read(FILE))
    DOCUMENT.write_text(document(results), encoding="utf-8")
    TABLES.write_text(raw_tables.document(results), encoding="utf-8")
    for name, chart in charts(results).items():
        (IMAGES / name).write_text(chart, encoding="utf-8")
    told = headline(results)
    readme = MARKED.sub(lambda found: found[1] + told + found[2], README.read_text("utf-8"))
    README.write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
