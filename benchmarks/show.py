"""What was measured, as tables in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.measure import SUITE
from benchmarks.names import CASES, NO_LATENCY, PRODUCT, SYSTEMS
from benchmarks.results import Key, Results

HEADINGS = (
    "case", "system", "wall s", "min–max", "CPU s", "server CPU s", "requests", "MB",
    "statements", "rows", "MB above idle", "MB resident", "× OrderMirror", "n",
)  # fmt: skip


def show(results: Results, console: Console) -> None:
    found = results.suites.get(SUITE, {})
    for orders, database, latency in dict.fromkeys((key[0], key[1], key[4]) for key in found):
        waiting = "" if latency == NO_LATENCY else ", SAP-like waiting"
        table = Table(title=f"{int(orders):,} open orders, {database}{waiting} (medians)")
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading in HEADINGS[:2] else "right")
        for case in CASES:
            for system in SYSTEMS:
                key = (orders, database, system, case, latency)
                if key in found:
                    table.add_row(case, system, *_cells(results, key))
            table.add_section()
        console.print(table)


def _cells(results: Results, key: Key) -> list[str]:
    def median(name: str) -> float:
        return results.median(SUITE, key, name) or 0.0

    least, most = results.span(SUITE, key, "wall")
    orders, database, _, case, latency = key
    product = results.median(SUITE, (orders, database, PRODUCT, case, latency), "wall")
    return [
        f"{median('wall'):.2f}",
        f"{least:.2f}–{most:.2f}",
        f"{median('cpu'):.2f}",
        f"{median('server'):.2f}",
        f"{median('requests'):,.0f}",
        f"{median('mb'):,.1f}",
        f"{median('statements'):,.0f}",
        f"{median('rows'):,.0f}",
        f"{median('memory'):,.0f}",
        f"{median('resident'):,.0f}",
        f"{median('wall') / product:,.1f}" if product else "",
        str(len(results.runs(SUITE, key))),
    ]
