"""`make bench-techniques`: what each technique brings, measured by switching one off at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

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
    PAGE_MEANWHILE,
    PENDING_TOTALS,
    READ_ALL,
    REFRESH,
    TEN_CHANGED,
)
from benchmarks.pipes import Other, other_process
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import Figures, Key, Results
from benchmarks.worker import environment_of

SUITE = "techniques"
ORDERS = 10_000
KINDS = (REFRESH, TEN_CHANGED, MANY_CHANGED, READ_ALL, PAGE)
LONG = (FIRST_LOAD, READ_ALL)
BETWEEN_RUNS = timedelta(minutes=10)
SECONDS_AN_ORDER = {"sqlite": 0.014, "postgresql": 0.017, "mariadb": 0.022}
"""Of all the loads, one row a statement and one item a question included, once each."""
SECONDS_A_DATABASE = 30

Say = Callable[[str], None]


class Session:
    """One database in which one technique after the other is off.

    What takes long is measured a third as often as the rest; what `results` have, not again.
    """

    def __init__(self, sap: PretendSAP, orders: int, database: str, results: Results, say: Say):
        self._sap, self._orders, self._database = sap, orders, database
        self._results, self._say = results, say
        self._now = datetime.now(UTC)

    def measure(self, repeat: int) -> None:
        with ExitStack() as stack:
            kept = self._new(stack)
            switches: dict[str, list[str]] = kept.ask("switches")
            long = max(repeat // 3, 1)
            for off in (off for off, during in switches.items() if FIRST_LOAD in during):
                self._measure(FIRST_LOAD, off, partial(self._load_anew, off), long)
            self._run(kept, FIRST_LOAD, AS_IT_IS)
            self._run(kept, REFRESH, AS_IT_IS)  # reads once more what changed lately
            for what in (it for it in KINDS if 2 * CHANGED_ORDERS.get(it, 0) <= self._orders):
                for off in (off for off, during in switches.items() if what in during):
                    run = partial(self._run, kept, what, off)
                    self._measure(what, off, run, long if what in LONG else repeat)
            for where in (IN_THREAD, ELSEWHERE):
                self._measure(PAGE_MEANWHILE, where, partial(self._background, kept, where), 1)
            for way, figures in kept.ask("totals").items():
                self._put(PENDING_TOTALS, way, [figures])

    def _measure(self, what: str, off: str, run: Callable[[], Figures], times: int) -> None:
        if not self._results.runs(SUITE, self._key(what, off)):
            self._put(what, off, [run() for _ in range(times)])

    def _put(self, what: str, off: str, runs: list[Figures]) -> None:
        self._results.put(SUITE, self._key(what, off), runs)
        told = ", ".join(f"{name} {value:.2f}" for name, value in runs[-1].items())
        self._say(f"{self._database:10} {what}, {off}: {told}")

    def _key(self, what: str, off: str) -> Key:
        return (f"{self._orders:,} orders", self._database, what, off)

    def _background(self, worker: Other, where: str) -> Figures:
        self._now += BETWEEN_RUNS
        figures: Figures = worker.ask("background", where=where, now=self._now.isoformat())
        return figures

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


def _is_done(results: Results, orders: int, database: str) -> bool:
    """What is measured last has been."""
    last = (f"{orders:,} orders", database, PENDING_TOTALS)
    return any(key[:-1] == last for key in results.suites.get(SUITE, {}))


def main() -> None:
    console = Console(width=150, highlight=False, soft_wrap=True)
    chosen = plan.chosen(NAMES)
    orders = int(os.environ.get("SIZES") or ORDERS)
    seconds = sum(SECONDS_AN_ORDER[it] * orders + SECONDS_A_DATABASE for it in chosen.databases)
    console.print(f"About {seconds / 60:.0f} minutes on two cores.")
    results = Results.read()
    results.begin(SUITE, machine.described(), resume=chosen.resume)
    for database in chosen.databases:
        if _is_done(results, orders, database):
            continue
        with pretend_sap(orders) as sap:
            Session(sap, orders, database, results, console.print).measure(chosen.repeat)


if __name__ == "__main__":
    main()
