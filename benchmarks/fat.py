"""`make bench-fat`: a first load of documents of real size, asked for in several ways.

Fails when one of them needed more memory than is promised.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping

from rich.console import Console

from benchmarks import machine, plan
from benchmarks.databases import SQLITE
from benchmarks.fat_load import MEMORY, WHOLE
from benchmarks.pipes import other_process
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import Figures, Results
from benchmarks.worker import environment_of

SUITE = "fat"
ORDERS = 10_000
MOST_MEGABYTES = 250
"""A load stays below so much resident memory, whatever its way."""
WAYS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "whole documents": ((WHOLE,), {}),
    "with $select, as it is": ((), {}),
    "with $select and SAP_LINES=query_service": ((), {"ORDERMIRROR_SAP_LINES": "query_service"}),
    "whole documents from a gateway": ((), {"ORDERMIRROR_SOURCE": "gateway"}),
}
"""How it is asked: words for the process, and its settings."""


def main() -> int:
    """0, or 1 when a load took too much memory."""
    console = Console(width=150, highlight=False)
    sizes = plan.chosen((SQLITE,)).sizes if os.environ.get("SIZES") else (ORDERS,)
    results = Results.read()
    results.begin(SUITE, machine.described())
    excess = []
    for orders in sizes:
        with pretend_sap(orders, fat=True) as sap:
            for way, (words, settings) in WAYS.items():
                figures = _run(sap, words, settings)
                results.put(SUITE, (f"{orders:,} orders", SQLITE, way), [figures])
                told = ", ".join(f"{name} {value:,.1f}" for name, value in figures.items())
                console.print(f"{orders:,} {way}: {told}", soft_wrap=True)
                excess += too_much(f"{orders:,} {way}", figures)
    for problem in excess:
        console.print(problem, soft_wrap=True)
    return 1 if excess else 0


def too_much(way: str, figures: Mapping[str, float]) -> list[str]:
    """What is wrong with the memory that a load used; empty when nothing is."""
    if figures[MEMORY] < MOST_MEGABYTES:
        return []
    return [f"{way}: {figures[MEMORY]:,.1f} MB resident, and {MOST_MEGABYTES} is the limit"]


def _run(sap: PretendSAP, words: tuple[str, ...], settings: dict[str, str]) -> Figures:
    sap.costs()
    with tempfile.TemporaryDirectory(prefix="ordermirror-bench-") as folder:
        environment = environment_of(sap.url, f"sqlite:///{folder}/db.sqlite3", folder)
        environment |= {"ORDERMIRROR_GATEWAY_URL": sap.gateway_url} | settings
        with other_process("benchmarks.fat_load", *words, environment=environment) as load:
            figures: Figures = load.hear()
    costs = sap.costs()
    return {"requests": costs.requests, "MB received": costs.bytes / 1e6} | figures


if __name__ == "__main__":
    sys.exit(main())
