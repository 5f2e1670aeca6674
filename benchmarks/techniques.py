"""`make bench-techniques`: what each technique brings, measured by switching one off at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from rich.console import Console

from benchmarks import machine, plan
from benchmarks.databases import NAMES, new_database
from benchmarks.names import (
    AS_IT_IS,
    CHANGED_ORDERS,
    ELSEWHERE,
    FIRST_LOAD,
    IN_THREAD,
    MANY_CHANGED,
    PAGE,
    READ_ALL,
    REFRESH,
    TEN_CHANGED,
)
from benchmarks.pipes import Other, other_process
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import Figures, Results
from benchmarks.worker import environment_of

SUITE = "techniques"
ORDERS = 10_000
REFRESHES = (REFRESH, TEN_CHANGED, MANY_CHANGED, READ_ALL)
BETWEEN_RUNS = timedelta(minutes=10)

Say = Callable[[str], None]


class Session:
    """One database in which one technique after the other is off."""

    def __init__(
        self, sap: PretendSAP, orders: int, database: str, repeat: int, put: Callable[..., None]
    ):
        self._sap, self._database, self._repeat, self._put = sap, database, repeat, put
        self._refreshes = [it for it in REFRESHES if 2 * CHANGED_ORDERS.get(it, 0) <= orders]
        self._now = datetime.now(UTC)

    def measure(self) -> None:
        with ExitStack() as stack:
            kept = self._new(stack)
            switches: dict[str, list[str]] = kept.ask("switches")
            for off, during in switches.items():
                if FIRST_LOAD in during:
                    runs = [self._load_anew(off) for _ in range(self._repeat)]
                    self._put(self._database, FIRST_LOAD, off, runs)
            self._run(kept, FIRST_LOAD, AS_IT_IS)
            self._run(kept, REFRESH, AS_IT_IS)  # reads once more what changed lately
            for what in (*self._refreshes, PAGE):
                for off in (off for off, during in switches.items() if what in during):
                    runs = [self._run(kept, what, off) for _ in range(self._repeat)]
                    self._put(self._database, what, off, runs)
            for where in (IN_THREAD, ELSEWHERE):
                self._now += BETWEEN_RUNS
                figures = kept.ask("background", where=where, now=self._now.isoformat())
                self._put(self._database, "list page meanwhile", where, [figures])
            for way, figures in kept.ask("totals").items():
                self._put(self._database, "pending totals of a page", way, [figures])

    def _load_anew(self, off: str) -> Figures:
        with ExitStack() as stack:
            return self._run(self._new(stack), FIRST_LOAD, off)

    def _new(self, stack: ExitStack) -> Other:
        url, folder = stack.enter_context(new_database(self._database))
        environment = environment_of(self._sap.url, url, folder)
        worker = stack.enter_context(other_process("benchmarks.switched", environment=environment))
        worker.ask("prepare")
        return worker

    def _run(self, worker: Other, what: str, off: str) -> Figures:
        if what not in CHANGED_ORDERS:
            return self._costs(worker, what, off)
        self._sap.ask("edit", orders=CHANGED_ORDERS[what])
        figures = self._costs(worker, what, off)
        self._costs(worker, REFRESH, AS_IT_IS)  # reads once more what changed
        return figures

    def _costs(self, worker: Other, what: str, off: str) -> Figures:
        self._now += BETWEEN_RUNS
        self._sap.ask("pass", minutes=BETWEEN_RUNS.seconds // 60)
        self._sap.costs()
        figures: Figures = worker.ask(what, off=off, now=self._now.isoformat())
        return figures | ({} if what == PAGE else {"requests": self._sap.costs().requests})


def main() -> None:
    console = Console(width=150, highlight=False)
    chosen = plan.chosen(NAMES)
    orders = int(os.environ.get("SIZES") or ORDERS)
    results = Results.read()
    results.begin(SUITE, machine.described())

    def put(database: str, what: str, off: str, runs: list[Figures]) -> None:
        results.put(SUITE, (f"{orders:,} orders", database, what, off), runs)
        told = ", ".join(f"{name} {value:.2f}" for name, value in runs[-1].items())
        console.print(f"{database:10} {what}, {off}: {told}", soft_wrap=True)

    loads = orders * 0.0008 + 3
    minutes = len(chosen.databases) * chosen.repeat * (loads * 16 + orders * 0.0005) / 60
    console.print(f"About {minutes:.0f} minutes on two cores.")
    for database in chosen.databases:
        with pretend_sap(orders) as sap:
            Session(sap, orders, database, chosen.repeat, put).measure()


if __name__ == "__main__":
    main()
