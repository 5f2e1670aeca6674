"""docs/performance.md, its charts and README's figures, from one run: `make bench-docs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import svg
from benchmarks.measure import SUITE
from benchmarks.names import (
    BASELINES,
    BEFORE,
    CASES,
    FIRST_LOAD,
    FLOOR,
    INCREMENTAL,
    MANY_CHANGED,
    NO_LATENCY,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    SYSTEMS,
    TEN_CHANGED,
    TEN_CLOSED,
)
from benchmarks.results import FILE, ROOT, Key, Results

DOCUMENT = ROOT / "docs/performance.md"
SOURCE = ROOT / "docs/performance.json"
IMAGES = ROOT / "docs/images"
README = ROOT / "README.md"
HEAD = Path(__file__).parent / "performance.md"
MARKED = re.compile(r"(<!-- performance -->\n).*(<!-- /performance -->)", re.DOTALL)
CHARTS = {FIRST_LOAD: "first-load", QUIET: "quiet-run", TEN_CHANGED: "ten-changed"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


def document(results: Results) -> str:
    parts = [HEAD.read_text(), f"\nMeasured on {_machine(results, SUITE)}.\n"]
    parts += [_charts(results), _ratios(results), _waiting(results)]
    for orders, database in _measured(results):
        parts.append(_table(results, orders, database))
    for suite, title in EXTRAS.items():
        parts += _extra(results, suite, title)
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
    sizes = [
        int(key[0])
        for key in results.suites.get(SUITE, {})
        if key[1:] == ("sqlite", BEFORE, QUIET, NO_LATENCY)
    ]
    if not sizes:
        return ""
    orders = str(max(sizes))
    rows = []
    for case in (FIRST_LOAD, QUIET, TEN_CHANGED, MANY_CHANGED, TEN_CLOSED):
        key = (orders, "sqlite", PRODUCT, case, NO_LATENCY)
        if results.runs(SUITE, key):
            others = [_ratio(results, key, system) for system in (INCREMENTAL, BEFORE)]
            rows.append([case, _seconds(results, key), *others])
    told = _markdown(
        ["run", "OrderMirror", "an incremental sync", "a sync that rewrites everything"], rows
    )
    return (
        f"With {int(orders):,} open orders on SQLite, of the same pretend SAP without waiting"
        f" ({_machine(results, SUITE)}):\n\n{told}\n"
        "[docs/performance.md](docs/performance.md) has the other sizes, databases and baselines,"
        " and says what each of them does.\n"
    )


EXTRAS = {
    "fat": "A first load of documents of real size",
    "peers": "A general loader on the same orders",
    "techniques": "What each technique brings",
    "reading": "Reading",
    "soak": "90 days",
}


def _extra(results: Results, suite: str, title: str) -> Iterable[str]:
    """A table of whatever figures the runs of this suite have."""
    found = results.suites.get(suite)
    if not found:
        return
    yield f"\n## {title}\n\nMeasured on {_machine(results, suite)}.\n"
    for group in dict.fromkeys(key[:-1] for key in found):
        keys = [key for key in found if key[:-1] == group]
        names = list(dict.fromkeys(name for key in keys for name in found[key][0]))
        rows = []
        for key in keys:
            cells = [
                results.median(suite, key, it) if it in found[key][0] else None for it in names
            ]
            rows.append([key[-1], *("" if cell is None else _figure(cell) for cell in cells)])
        place = ", ".join(NAMES.get(it, it) for it in group)
        yield f"**{place}**\n\n{_markdown(['', *names], rows)}"


def _charts(results: Results) -> str:
    return "\n".join(f"![{name}](images/{name})" for name in charts(results)) + "\n"


def _points(results: Results, system: str, case: str) -> list[tuple[float, float]]:
    found = {
        int(key[0]): results.median(SUITE, key, "wall") or 0.0
        for key in results.suites.get(SUITE, {})
        if key[1:] == ("sqlite", system, case, NO_LATENCY)
    }
    return [(float(orders), max(found[orders], 0.001)) for orders in sorted(found)]


def _ratios(results: Results) -> str:
    rows: list[list[str]] = []
    for orders, database in _measured(results):
        for case in CASES:
            key = (orders, database, PRODUCT, case, NO_LATENCY)
            if not results.runs(SUITE, key):
                continue
            floor = _cpu_ratio(results, key)
            ratios = [_ratio(results, key, system) for system in BASELINES]
            place = f"{int(orders):,}, {NAMES[database]}"
            rows.append([place, case, _seconds(results, key), *ratios, floor])
    head = ["orders, database", "run", PRODUCT, *BASELINES, "CPU, of the floor"]
    return (
        "\n## How many times longer than OrderMirror\n\n"
        "Wall clock, medians; * is of a baseline that was measured once. The last column is "
        "OrderMirror's CPU, the server's included, as a multiple of the floor's, which has only "
        "first loads and quiet runs.\n\n"
        f"{_markdown(head, rows)}"
    )


def _waiting(results: Results) -> str:
    rows: list[list[str]] = []
    for key in results.suites.get(SUITE, {}):
        orders, database, system, case, latency = key
        if latency != SAP_LATENCY or system != PRODUCT:
            continue
        waited = results.median(SUITE, key, "waited") or 0.0
        others = [_with_waiting(results, orders, database, it, case) for it in BASELINES]
        place = f"{int(orders):,}"
        rows.append([place, case, _seconds(results, key), f"{waited:.1f} s", *others])
    if not rows:
        return ""
    head = ["orders", "run", PRODUCT, "its waiting, one after another", *BASELINES]
    return f"\n## With SAP-like waiting\n\n{_markdown(head, rows)}"


def _with_waiting(results: Results, orders: str, database: str, system: str, case: str) -> str:
    waited = (orders, database, system, case, SAP_LATENCY)
    if results.runs(SUITE, waited):
        return _seconds(results, waited)
    reckoned = results.median(SUITE, (*waited[:-1], NO_LATENCY), "wall", "waited")
    return "" if reckoned is None else f"{reckoned:.1f} s, reckoned"


def _table(results: Results, orders: str, database: str) -> str:
    rows: list[list[str]] = []
    for case in CASES:
        for system in SYSTEMS:
            key = (orders, database, system, case, NO_LATENCY)
            if results.runs(SUITE, key):
                rows.append([case, system, *_cells(results, key)])
    head = [
        "run", "by", "wall s", "least–most", "CPU s", "server's CPU s", "requests", "MB received",
        "statements", "rows", "MB above idle", "MB resident", "times measured",
    ]  # fmt: skip
    title = f"\n## {int(orders):,} open orders on {NAMES[database]}\n\n"
    return title + _idle(results, orders, database) + _markdown(head, rows)


def _idle(results: Results, orders: str, database: str) -> str:
    key = (orders, database, PRODUCT, QUIET, NO_LATENCY)
    most, above = (results.median(SUITE, key, name) for name in ("resident", "memory"))
    if most is None or above is None:
        return ""
    return f"A process of OrderMirror that is idle has {_figure(most - above)} MB resident.\n\n"


def _cells(results: Results, key: Key) -> list[str]:
    names = ("cpu", "server", "requests", "mb", "statements", "rows", "memory", "resident")
    least, most = results.span(SUITE, key, "wall")
    medians = [
        "" if (value := results.median(SUITE, key, name)) is None else _figure(value)
        for name in names
    ]
    wall = _figure(results.median(SUITE, key, "wall") or 0.0)
    times = str(len(results.runs(SUITE, key)))
    return [wall, f"{_figure(least)}–{_figure(most)}", *medians, times]


def _ratio(results: Results, key: Key, system: str) -> str:
    mine = results.median(SUITE, key, "wall")
    theirs = results.median(SUITE, (*key[:2], system, *key[3:]), "wall")
    once = len(results.runs(SUITE, (*key[:2], system, *key[3:]))) == 1
    return f"{_figure(theirs / mine)} ×{' *' if once else ''}" if mine and theirs else ""


def _cpu_ratio(results: Results, key: Key) -> str:
    mine = results.median(SUITE, key, "cpu", "server")
    least = results.median(SUITE, (*key[:2], FLOOR, *key[3:]), "cpu", "server")
    return f"{mine / least:.2f}" if mine and least else ""


def _seconds(results: Results, key: Key) -> str:
    return f"{_figure(results.median(SUITE, key, 'wall') or 0.0)} s"


def _figure(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _measured(results: Results) -> list[tuple[str, str]]:
    found = {(key[0], key[1]) for key in results.suites.get(SUITE, {}) if key[4] == NO_LATENCY}
    return sorted(found, key=lambda it: (int(it[0]), list(NAMES).index(it[1])))


def _machine(results: Results, suite: str) -> str:
    told = results.machines.get(suite, {})
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    results = Results.read(SOURCE)
    results.take(Results.read(FILE))
    DOCUMENT.write_text(document(results), encoding="utf-8")
    for name, chart in charts(results).items():
        (IMAGES / name).write_text(chart, encoding="utf-8")
    told = headline(results)
    readme = MARKED.sub(lambda found: found[1] + told + found[2], README.read_text("utf-8"))
    README.write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
