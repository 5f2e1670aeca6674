"""`make bench-peers`: dlt, in an environment of its own, and OrderMirror on the same orders."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from rich.console import Console

from benchmarks import machine, plan
from benchmarks.databases import SQLITE, new_database
from benchmarks.measure import MINUTES_BETWEEN_RUNS
from benchmarks.names import CHANGED_ORDERS, FIRST_LOAD, PRODUCT, QUIET, TEN_CHANGED
from benchmarks.pipes import Other, other_process
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import ROOT, Figures, Key, Results
from benchmarks.worker import environment_of

SUITE = "peers"
ORDERS = 10_000
SECONDS_AN_ORDER = 0.004
PYTHON = ROOT / ".bench/venv/bin/python"
PROGRAM = ROOT / "benchmarks/peer.py"
PEER = "dlt"
PEER_CASES = (FIRST_LOAD, QUIET, TEN_CHANGED)


def main() -> None:
    console = Console(width=150, highlight=False, soft_wrap=True)
    chosen = plan.chosen((SQLITE,))
    sizes = chosen.sizes if os.environ.get("SIZES") else (ORDERS,)
    seconds = chosen.repeat * sum(SECONDS_AN_ORDER * orders + 15 for orders in sizes)
    console.print(f"About {seconds / 60:.0f} minutes on two cores.")
    results = Results.read()
    results.begin(SUITE, machine.described())
    for orders in sizes:
        for (name, case), runs in _measured(orders, chosen.repeat).items():
            results.put(SUITE, key(orders, name, case), runs)
            told = ", ".join(f"{name} {value:.2f}" for name, value in runs[-1].items())
            console.print(f"{orders:>7,} {name} {case}: {told}")


def key(orders: int, name: str, case: str) -> Key:
    return (f"{orders:,} orders", SQLITE, f"{name}, {case}")


def _measured(orders: int, repeat: int) -> dict[tuple[str, str], list[Figures]]:
    """Of both in turn, so that what slows one down slows down the other."""
    runs: dict[tuple[str, str], list[Figures]] = {}
    with pretend_sap(orders) as sap:
        sessions = count(1)
        for _ in range(repeat):
            with new_database(SQLITE) as (url, folder), _product(sap, url, folder) as product:
                for case in PEER_CASES:
                    minutes = next(sessions) * MINUTES_BETWEEN_RUNS
                    sap.ask("pass", minutes=MINUTES_BETWEEN_RUNS)
                    if case in CHANGED_ORDERS:
                        sap.ask("edit", orders=CHANGED_ORDERS[case])
                    now = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
                    ways: dict[str, Callable[[], Figures]] = {
                        PEER: partial(_peer, folder, sap.url),
                        PRODUCT: partial(product.ask, case, now=now),
                    }
                    for name, run in ways.items():
                        runs.setdefault((name, case), []).append(_costs(sap, run))
    return runs


@contextmanager
def _product(sap: PretendSAP, url: str, folder: str) -> Iterator[Other]:
    environment = environment_of(sap.url, url, folder)
    with other_process("benchmarks.worker", PRODUCT, environment=environment) as worker:
        worker.ask("prepare")
        yield worker


def _costs(sap: PretendSAP, run: Callable[[], Figures]) -> Figures:
    """With the figures of both alone."""
    sap.costs()
    figures = run()
    costs = sap.costs()
    told = {name: figures[name] for name in ("wall", "cpu", "memory")}
    return told | {"requests": costs.requests, "mb": costs.bytes / 1e6}


def _peer(folder: str, url: str) -> Figures:
    quiet = {"RUNTIME__LOG_LEVEL": "ERROR", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(
        [str(PYTHON), "-W", "ignore", str(PROGRAM), url, folder],
        env=os.environ | quiet,
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
