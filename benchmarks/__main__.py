"""`make bench`: OrderMirror, its floor and the baselines, side by side in one run."""

from __future__ import annotations

import time

from rich.console import Console

from benchmarks import machine, plan
from benchmarks.databases import NAMES, NOT_FOUND
from benchmarks.measure import SUITE, measure
from benchmarks.results import FILE, Results
from benchmarks.show import show


def main() -> None:
    console = Console(width=170, highlight=False)
    chosen = plan.chosen(NAMES)
    results = Results.read()
    results.begin(SUITE, machine.described(), resume=chosen.resume)
    for name, why in NOT_FOUND.items():
        console.print(f"{name} is not measured: {why}")
    console.print(f"About {chosen.seconds() / 60:.0f} minutes on two cores.")
    began = time.monotonic()
    measure(chosen, results, console.print)
    show(results, console)
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes; written to {FILE}")


if __name__ == "__main__":
    main()
