"""Loads and refreshes, by each system on each database, of one pretend SAP.

Whatever happens at SAP happens once and is then refreshed by all systems in turn. Runs are ten
minutes apart on SAP's clock and on theirs. Each latency begins with a SAP of its own, in which
nothing was changed that day.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from benchmarks.databases import new_database
from benchmarks.names import (
    AFTER_MANY,
    CASES,
    CHANGED_ORDERS,
    FIRST_LOAD,
    MANY_CHANGED,
    PRODUCT,
    TEN_CLOSED,
)
from benchmarks.pipes import Other, other_process
from benchmarks.plan import CASES_OF, Plan
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import Figures, Results
from benchmarks.worker import environment_of

SUITE = "sync"
MINUTES_BETWEEN_RUNS = 10
SETTLING_RUNS = 6

Say = Callable[[str], None]


class Session:
    """One pretend SAP and the mirrors that follow it."""

    def __init__(self, plan: Plan, sap: PretendSAP, orders: int, results: Results, say: Say):
        self._plan, self._sap, self._orders = plan, sap, orders
        self._results, self._say = results, say
        self._minutes = 0
        self._mirrors: dict[tuple[str, str], Other] = {}
        self._happened = 0
        self._seen: dict[tuple[str, str], int] = {}
        """Up to which happening each mirror has been refreshed."""

    def measure(self, latency: str) -> None:
        self._sap.ask("latency", name=latency)
        with ExitStack() as stack:
            for database in self._plan.databases:
                for system in self._plan.systems:
                    self._first_loads(stack, database, system, latency)
            self._come_to_rest(latency)
            self._refreshes(latency)
            self._require_same()

    def _first_loads(self, stack: ExitStack, database: str, system: str, latency: str) -> None:
        """Each into a new database; the last one is kept, to be refreshed."""
        times = self._repeats(database, system, FIRST_LOAD, latency)
        if not times or (self._plan.resume and self._is_done(database, system, latency)):
            return
        runs: list[Figures] = []
        for time in range(times):
            with ExitStack() as attempt:
                url, folder = attempt.enter_context(new_database(database))
                environment = environment_of(self._sap.url, url, folder)
                worker = attempt.enter_context(
                    other_process("benchmarks.worker", system, environment=environment)
                )
                worker.ask("prepare")
                runs.append(self._run(worker, FIRST_LOAD))
                if time == times - 1:
                    stack.push(attempt.pop_all())
                    self._mirrors[database, system] = worker
                    self._seen[database, system] = self._happened
        self._put(database, system, FIRST_LOAD, latency, runs)

    def _refreshes(self, latency: str) -> None:
        runs: dict[tuple[str, str, str], list[Figures]] = {}
        for time in range(self._plan.repeat):
            for case in CASES[1:]:
                wanted = [
                    mirror
                    for mirror in self._mirrors
                    if self._repeats(*mirror, case, latency) > time
                ]
                if not wanted:
                    continue
                self._happen(case)
                for database, system in wanted:
                    figures = self._run(self._mirrors[database, system], case)
                    runs.setdefault((database, system, case), []).append(figures)
                    self._seen[database, system] = self._happened
                    self._put(database, system, case, latency, runs[database, system, case])
                if case in CHANGED_ORDERS and case != MANY_CHANGED:
                    self._settle()

    def _happen(self, case: str) -> None:
        self._pass()
        self._happened += case in CHANGED_ORDERS
        if case == TEN_CLOSED:
            self._sap.ask("close", orders=CHANGED_ORDERS[case])
        elif case in CHANGED_ORDERS:
            self._sap.ask("edit", orders=CHANGED_ORDERS[case])

    def _come_to_rest(self, latency: str) -> None:
        """What a first load leaves to the runs after it: questions that are put for the first time,
        answers that are remembered once they have come twice."""
        self._sap.ask("latency", name="none")
        for _ in range(SETTLING_RUNS):
            self._settle()
        self._sap.ask("latency", name=latency)

    def _settle(self) -> None:
        """OrderMirror reads what changed once more in the run after; that is a case of its own
        (AFTER_MANY) and must not burden the others."""
        self._pass()
        for (_, system), worker in self._mirrors.items():
            if system == PRODUCT:
                self._run(worker, AFTER_MANY)

    def _pass(self) -> None:
        self._minutes += MINUTES_BETWEEN_RUNS
        self._sap.ask("pass", minutes=MINUTES_BETWEEN_RUNS)

    def _run(self, worker: Other, case: str) -> Figures:
        now = datetime.now(UTC) + timedelta(minutes=self._minutes)
        self._sap.costs()
        figures: Figures = worker.ask(case, now=now.isoformat())
        costs = self._sap.costs()
        return figures | {
            "requests": costs.requests,
            "mb": costs.bytes / 1e6,
            "waited": costs.waited,
        }

    def _require_same(self) -> None:
        """A system that does not mirror is no system to compare with.

        The baselines never see an order that was closed before their first load.
        """
        there = self._sap.ask("mirrored")
        for (database, system), worker in self._mirrors.items():
            if system in CASES_OF or self._seen[database, system] < self._happened:
                continue
            here = worker.ask("mirrored")
            if here[-1] != there[-1] or (system == PRODUCT and here != there):
                raise RuntimeError(f"{system} on {database} has {here}, SAP has {there}")

    def _repeats(self, database: str, system: str, case: str, latency: str) -> int:
        return self._plan.repeats(self._orders, database, system, case, latency)

    def _is_done(self, database: str, system: str, latency: str) -> bool:
        return all(
            len(self._results.runs(SUITE, self._key(database, system, case, latency)))
            >= self._repeats(database, system, case, latency)
            for case in self._plan.cases
        )

    def _key(self, database: str, system: str, case: str, latency: str) -> tuple[str, ...]:
        return (str(self._orders), database, system, case, latency)

    def _put(
        self, database: str, system: str, case: str, latency: str, runs: list[Figures]
    ) -> None:
        self._results.put(SUITE, self._key(database, system, case, latency), runs)
        last = runs[-1]
        self._say(
            f"{self._orders:>7,} {database:10} {system:22} {case:18} {latency:5}"
            f"{last['wall']:8.2f} s {last['requests']:6.0f} requests"
            f" {last['statements']:8.0f} statements {last['rows']:8.0f} rows"
        )


def measure(plan: Plan, results: Results, say: Say) -> None:
    for orders in plan.sizes:
        for latency in plan.latencies:
            with pretend_sap(orders) as sap:
                Session(plan, sap, orders, results, say).measure(latency)
