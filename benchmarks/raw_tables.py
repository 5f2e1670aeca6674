"""docs/performance-tables.md: every figure that was measured."""

from __future__ import annotations

from benchmarks import ratios
from benchmarks.figures import DATABASES, figure, machine, markdown, tables
from benchmarks.measure import SUITE
from benchmarks.names import CASES, NO_LATENCY, PRODUCT, QUIET, SYSTEMS
from benchmarks.results import Key, Results

HEAD = """# Performance: every figure

What these mean is told in [performance](performance.md); both are written by `make bench-docs`.
"""


def document(results: Results) -> str:
    parts = [HEAD, f"Measured on {machine(results, SUITE)}.\n", ratios.every(results)]
    for orders, database in ratios.measured(results):
        parts.append(_table(results, orders, database))
    parts += tables(results, "techniques", "What each technique brings")
    return "\n".join(part for part in parts if part)


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
    title = f"\n## {int(orders):,} open orders on {DATABASES[database]}\n\n"
    return title + _idle(results, orders, database) + markdown(head, rows)


def _idle(results: Results, orders: str, database: str) -> str:
    key = (orders, database, PRODUCT, QUIET, NO_LATENCY)
    most, above = (results.median(SUITE, key, name) for name in ("resident", "memory"))
    if most is None or above is None:
        return ""
    return f"A process of OrderMirror that is idle has {figure(most - above)} MB resident.\n\n"


def _cells(results: Results, key: Key) -> list[str]:
    names = ("cpu", "server", "requests", "mb", "statements", "rows", "memory", "resident")
    least, most = results.span(SUITE, key, "wall")
    medians = [figure(results.median(SUITE, key, name)) for name in ("wall", *names)]
    times = str(len(results.runs(SUITE, key)))
    return [medians[0], f"{figure(least)}–{figure(most)}", *medians[1:], times]
