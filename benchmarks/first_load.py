"""First load against the floor, on every database at hand: `python -m benchmarks.first_load`.

The sandbox answers from a process of its own. Product and floor take turns; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from tests.acceptance.engines import FOUND, MISSING

CASES = ("floor", "product")
Figures = dict[str, list[dict[str, float]]]


@contextmanager
def sandbox(orders: int) -> Iterator[str]:
    """A pretend SAP in another process; its address."""
    size = ["--port", "0", "--orders", str(orders)]
    program = [sys.executable, "-m", "ordermirror", "sandbox", *size]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = "ORDERMIRROR_SAP_URL="
            lines = process.stdout or ()
            yield next(line for line in lines if line.startswith(address))[len(address) :].strip()
        finally:
            process.terminate()


def run_case(case: str, sap: str, database: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "ordermirror.project.settings",
            "ORDERMIRROR_DATA_DIR": folder,
            "ORDERMIRROR_DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3",
            "ORDERMIRROR_SAP_URL": sap,
            "ORDERMIRROR_SAP_COMPANY_DB": "SBODEMO",
            "ORDERMIRROR_SAP_USER": "manager",
            "ORDERMIRROR_SAP_PASSWORD": "sandbox",
        }
        program = [sys.executable, "-m", "benchmarks.case", case]
        done = subprocess.run(program, env=environment, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(sap: str, rounds: int) -> dict[str, Figures]:
    told: dict[str, Figures] = {}
    for name, engine in {"sqlite": None, **{it.name: it for it in FOUND}}.items():
        told[name] = {case: [] for case in CASES}
        for _ in range(rounds):
            for case in CASES:
                if engine is None:
                    told[name][case].append(run_case(case, sap, ""))
                else:
                    with engine.database() as url:
                        told[name][case].append(run_case(case, sap, url))
    return told


def median(figures: list[dict[str, float]], *names: str) -> float:
    return statistics.median(sum(it[name] for name in names) for it in figures)


def show(told: dict[str, Figures], orders: int) -> None:
    table = Table(title=f"First load of {orders:,} orders (medians)")
    for heading in ("database", "case", "CPU s", "server CPU s", "wall s", "peak MB", "requests"):
        table.add_column(heading)
    table.add_column("CPU, of the floor")
    for engine, cases in told.items():
        least = median(cases["floor"], "cpu", "server")
        for case, figures in cases.items():
            ratio = median(figures, "cpu", "server") / least
            columns = [median(figures, it) for it in ("cpu", "server", "wall")]
            table.add_row(
                engine,
                case,
                *(f"{seconds:.1f}" for seconds in columns),
                f"{median(figures, 'peak_mb'):.0f}",
                f"{median(figures, 'requests'):.0f}",
                f"{ratio:.2f}",
            )
    console = Console(width=110)
    console.print(table)
    for name, why in MISSING.items():
        if why:
            console.print(f"{name} was not measured: {why}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with sandbox(arguments.orders) as sap:
        show(measure(sap, arguments.rounds), arguments.orders)


if __name__ == "__main__":
    main()
