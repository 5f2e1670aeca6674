"""`make bench-peers`: dlt on the same orders, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile

from rich.console import Console

from benchmarks import machine, plan
from benchmarks.names import CASES, CHANGED_ORDERS, FIRST_LOAD, QUIET, TEN_CHANGED
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import ROOT, Figures, Results

SUITE = "peers"
PYTHON = ROOT / ".bench/venv/bin/python"
PROGRAM = ROOT / "benchmarks/peer.py"
PEER = "dlt"
PEER_CASES = (FIRST_LOAD, QUIET, TEN_CHANGED)


def main() -> None:
    console = Console(width=150, highlight=False)
    chosen = plan.chosen(("sqlite",))
    results = Results.read()
    results.begin(SUITE, machine.described())
    for orders in chosen.sizes:
        for case, runs in _measured(orders, chosen.repeat):
            results.put(SUITE, (f"{orders:,} orders", "sqlite", f"{PEER}, {case}"), runs)
            told = ", ".join(f"{name} {value:.2f}" for name, value in runs[-1].items())
            console.print(f"{orders:>7,} {PEER} {case}: {told}")


def _measured(orders: int, repeat: int) -> list[tuple[str, list[Figures]]]:
    runs: dict[str, list[Figures]] = {case: [] for case in CASES if case in PEER_CASES}
    with pretend_sap(orders) as sap:
        for _ in range(repeat):
            with tempfile.TemporaryDirectory(prefix="ordermirror-bench-") as folder:
                for case, figures in runs.items():
                    sap.ask("pass", minutes=10)
                    if case in CHANGED_ORDERS:
                        sap.ask("edit", orders=CHANGED_ORDERS[case])
                    figures.append(_run(sap, folder))
    return list(runs.items())


def _run(sap: PretendSAP, folder: str) -> Figures:
    sap.costs()
    quiet = {"RUNTIME__LOG_LEVEL": "ERROR", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(
        [str(PYTHON), str(PROGRAM), sap.url, folder],
        env=os.environ | quiet,
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    costs = sap.costs()
    return figures | {"requests": costs.requests, "mb": costs.bytes / 1e6}


if __name__ == "__main__":
    main()
