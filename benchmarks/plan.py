"""What is measured, how often, and how long that will take."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.names import (
    AFTER_MANY,
    BASELINES,
    BEFORE,
    BULK_CREATE,
    CASES,
    CHANGED_ORDERS,
    FIRST_LOAD,
    FLOOR,
    INCREMENTAL,
    KEYS_ONLY,
    NO_LATENCY,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    SYSTEMS,
    TEN_CHANGED,
    TUNED,
)

OVERHEAD_SECONDS = 0.15
START_SECONDS = 1.0
"""Of a worker and its tables."""
SAP_START_SECONDS_AN_ORDER = 0.0005
SECONDS_AN_ORDER = {
    PRODUCT: 0.0006,
    FLOOR: 0.0005,
    BULK_CREATE: 0.0012,
    KEYS_ONLY: 0.0013,
    INCREMENTAL: 0.0011,
    TUNED: 0.0012,
    BEFORE: 0.0014,
}
REFRESH_SECONDS_AN_ORDER = {PRODUCT: 0.00004, FLOOR: 0.0, KEYS_ONLY: 0.0001, BEFORE: 0.0021}
"""Where that is not another load."""
CASES_OF = {FLOOR: (FIRST_LOAD, QUIET), BULK_CREATE: (FIRST_LOAD,)}
"""Of what does not refresh."""
SLOWER = {"mariadb": 1.5}
"""How many times longer first loads and rewriting take there."""
SAP_SECONDS_AN_ORDER = 0.005
LONG_SECONDS, LONGEST_SECONDS = 6.0, 100.0
LARGE = 10_000
REWRITING = {
    INCREMENTAL: (FIRST_LOAD, QUIET),
    TUNED: (FIRST_LOAD, QUIET, TEN_CHANGED),
    BEFORE: (FIRST_LOAD, QUIET, TEN_CHANGED),
}
"""What is compared with each on every database."""
ALL_LATENCIES_UP_TO = 100
WAITED_UP_TO = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was chosen. Unless `everything` is, what takes very long is not done at all, and what
    takes long is done once, except loads of up to 10,000 orders by OrderMirror and its floor.

    Baselines are repeated on the first database only. Those that rewrite everything do 10,000
    orders once, and on the other databases only what targets compare.
    """

    sizes: tuple[int, ...] = (100, 1_000, 10_000)
    databases: tuple[str, ...]
    systems: tuple[str, ...] = SYSTEMS
    cases: tuple[str, ...] = CASES
    latencies: tuple[str, ...] = (NO_LATENCY, SAP_LATENCY)
    repeat: int = 3
    everything: bool = False
    resume: bool = False

    def repeats(self, orders: int, database: str, system: str, case: str, latency: str) -> int:
        """How often; 0 when it is left out."""
        if not self._makes_sense(orders, system, case):
            return 0
        if latency == SAP_LATENCY:
            return int(self._is_waited(orders, database, system))
        if self.everything:
            return self.repeat
        seconds = seconds_of(system, case, orders)
        if seconds > LONGEST_SECONDS or self._is_left_out(orders, database, system, case):
            return 0
        if system in (PRODUCT, FLOOR):
            return self.repeat if seconds < LONG_SECONDS or orders <= LARGE else 1
        aside = database != self.databases[0]
        slow = system in REWRITING and orders >= LARGE
        return 1 if seconds > LONG_SECONDS or aside or slow else self.repeat

    def _is_left_out(self, orders: int, database: str, system: str, case: str) -> bool:
        aside = database != self.databases[0] and orders >= LARGE
        return aside and case not in REWRITING.get(system, self.cases)

    def _makes_sense(self, orders: int, system: str, case: str) -> bool:
        if case not in self.cases or CHANGED_ORDERS.get(case, 0) * 2 > orders:
            return False
        if system in CASES_OF:
            return case in CASES_OF[system]
        return case != AFTER_MANY or (system == PRODUCT and orders >= LARGE // 10)

    def _is_waited(self, orders: int, database: str, system: str) -> bool:
        """Waiting is the same on each database, and what one request at a time waits can be added
        up; a product that reads ahead is waited for."""
        most = WAITED_UP_TO if system == PRODUCT else ALL_LATENCIES_UP_TO
        return database == self.databases[0] and orders <= most

    def seconds(self) -> float:
        """About how long it all takes."""
        starts = sum(self.sizes) * SAP_START_SECONDS_AN_ORDER
        return starts + sum(
            self.repeats(orders, database, system, case, latency)
            * SLOWER.get(database, 1.0)
            * (seconds_of(system, case, orders, latency) + START_SECONDS * (case == FIRST_LOAD))
            for latency in self.latencies
            for orders in self.sizes
            for database in self.databases
            for system in self.systems
            for case in self.cases
        )


def seconds_of(system: str, case: str, orders: int, latency: str = NO_LATENCY) -> float:
    rates = SECONDS_AN_ORDER if case == FIRST_LOAD else SECONDS_AN_ORDER | REFRESH_SECONDS_AN_ORDER
    waiting = latency == SAP_LATENCY and (case == FIRST_LOAD or system in BASELINES)
    asked = 1.0 if latency == SAP_LATENCY else 0.0
    return OVERHEAD_SECONDS + asked + orders * (rates[system] + waiting * SAP_SECONDS_AN_ORDER)


def chosen(found: Iterable[str], environment: Mapping[str, str] = os.environ) -> Plan:
    """What the environment asks for: SIZES, DATABASES, SYSTEMS, CASES, LATENCIES, REPEAT,
    EVERYTHING, RESUME. Raises ValueError for a name that is not known."""
    here = tuple(found)
    told = {
        "sizes": _numbers(environment.get("SIZES")),
        "databases": _among("DATABASES", here, environment) or here,
        "systems": _among("SYSTEMS", SYSTEMS, environment),
        "cases": _with_first_load(_among("CASES", CASES, environment)),
        "latencies": _among("LATENCIES", (NO_LATENCY, SAP_LATENCY), environment),
        "repeat": int(environment.get("REPEAT") or 3),
        "everything": bool(environment.get("EVERYTHING")),
        "resume": bool(environment.get("RESUME")),
    }
    return Plan(**{name: value for name, value in told.items() if value})  # type: ignore[arg-type]


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(each.replace("_", "")) for each in _words(text))


def _among(name: str, known: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    given = _words(environment.get(name), separator=";" if name == "SYSTEMS" else ",")
    for each in given:
        if each not in known:
            raise ValueError(f"{name}={each}: not one of {', '.join(known)}")
    return tuple(each for each in known if each in given)


def _with_first_load(cases: tuple[str, ...]) -> tuple[str, ...]:
    """Nothing can be refreshed that was never loaded."""
    return cases and tuple(case for case in CASES if case in (FIRST_LOAD, *cases))


def _words(text: str | None, separator: str = ",") -> list[str]:
    return [each.strip() for each in (text or "").split(separator) if each.strip()]
