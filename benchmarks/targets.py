"""What OrderMirror is to reach, each target with the value that was measured for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks import peers, reading
from benchmarks.figures import DATABASES, figure, markdown
from benchmarks.measure import SUITE
from benchmarks.names import (
    BEFORE,
    BULK_CREATE,
    CASES,
    CHANGED_ORDERS,
    FIRST_LOAD,
    INCREMENTAL,
    NO_LATENCY,
    PRODUCT,
    QUIET,
    SAP_LATENCY,
    TEN_CHANGED,
)
from benchmarks.ratios import of_floor, times_less
from benchmarks.results import Key, Results
from ordermirror.conf import Settings

ORDERS, MANY_ORDERS = 10_000, 100_000
SEARCH = "search for"
MET, MISSED, NOT_MEASURED = "met", "**missed**", "not measured"
CPU = ("cpu", "server")
PARALLEL = int(Settings.__dataclass_fields__["sap_parallel"].metadata["default"])

Measure = Callable[[Results, str], float | None]
"""Of a database; None when it was not measured."""


@dataclass(frozen=True, slots=True)
class Target:
    """`most` or `least`, or both when exactly that is wanted."""

    what: str
    measure: Measure
    most: float | None = None
    least: float | None = None
    databases: tuple[str, ...] = field(default=tuple(DATABASES))

    @property
    def limit(self) -> str:
        if self.most == self.least:
            return f"= {self.most:g}"
        return f"≥ {self.least:g}" if self.most is None else f"≤ {self.most:g}"

    def is_met(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )

    def told(self, results: Results, database: str) -> str:
        if database not in self.databases:
            return ""
        value = self.measure(results, database)
        if value is None:
            return NOT_MEASURED
        return f"{figure(value)}, {MET if self.is_met(value) else MISSED}"


def _key(database: str, case: str, orders: int = ORDERS, latency: str = NO_LATENCY) -> Key:
    return (str(orders), database, PRODUCT, case, latency)


def _of(case: str, *names: str, latency: str = NO_LATENCY) -> Measure:
    return lambda results, database: results.median(
        SUITE, _key(database, case, latency=latency), *names
    )


def _less(case: str, system: str, *names: str) -> Measure:
    return lambda results, database: times_less(results, _key(database, case), system, *names)


def _floor(results: Results, database: str) -> float | None:
    return of_floor(results, _key(database, FIRST_LOAD))


def _less_than_peer(*names: str) -> Measure:
    def measure(results: Results, database: str) -> float | None:
        theirs, mine = (
            results.median(peers.SUITE, peers.key(ORDERS, name, FIRST_LOAD), *names)
            for name in (peers.PEER, PRODUCT)
        )
        return theirs / mine if theirs is not None and mine else None

    return measure


def _of_waiting(results: Results, database: str) -> float | None:
    """How long it took, of what SAP's waiting alone takes when so many requests share it."""
    key = _key(database, FIRST_LOAD, latency=SAP_LATENCY)
    took, waited = (results.median(SUITE, key, name) for name in ("wall", "waited"))
    return took / (waited / PARALLEL) if took is not None and waited else None


def _growth(case: str, *names: str) -> Measure:
    """What an order costs among many, of what it costs among fewer."""

    def measure(results: Results, database: str) -> float | None:
        few, many = (
            results.median(SUITE, _key(database, case, orders), *names)
            for orders in (ORDERS, MANY_ORDERS)
        )
        return (many / MANY_ORDERS) / (few / ORDERS) if many is not None and few else None

    return measure


def _resident(results: Results, database: str) -> float | None:
    found = (results.median(SUITE, _key(database, case, MANY_ORDERS), "resident") for case in CASES)
    return max((it for it in found if it is not None), default=None)


def _pages(name: str, among: Callable[[str], bool] = lambda page: True) -> Measure:
    """The worst of these pages."""

    def measure(results: Results, database: str) -> float | None:
        keys = (
            key
            for key, runs in results.suites.get(reading.SUITE, {}).items()
            if key[:2] == (f"{MANY_ORDERS:,} orders", database)
            and among(key[-1])
            and all("p95 ms" in it for it in runs)
        )
        found = (results.median(reading.SUITE, key, name) for key in keys)
        return max((it for it in found if it is not None), default=None)

    return measure


def _readers(name: str) -> Measure:
    return lambda results, database: results.median(
        reading.SUITE, (f"{MANY_ORDERS:,} orders", database, reading.WHILE_WRITING), name
    )


def _is_search(page: str) -> bool:
    return page.startswith(SEARCH)


SQLITE = ("sqlite",)
TARGETS: dict[str, tuple[Target, ...]] = {
    f"Quiet run, {ORDERS:,} orders": (
        Target("times less wall clock than *before*", _less(QUIET, BEFORE), least=100),
        Target("times less wall clock than *incremental*", _less(QUIET, INCREMENTAL), least=20),
        Target("requests, Login and Logout counted", _of(QUIET, "requests"), most=8),
        Target("statements", _of(QUIET, "statements"), most=15),
        Target("rows written", _of(QUIET, "rows"), most=0, least=0),
        Target("MB received, uncompressed", _of(QUIET, "mb"), most=2.5),
        Target("MB above an idle process", _of(QUIET, "memory"), most=64),
        Target(
            "seconds with SAP-like waiting",
            _of(QUIET, "wall", latency=SAP_LATENCY),
            most=3,
            databases=SQLITE,
        ),
    ),
    f"10 changed, {ORDERS:,} orders": (
        Target("times less wall clock than *before*", _less(TEN_CHANGED, BEFORE), least=50),
        Target(
            "rows written: each order and its changed line",
            _of(TEN_CHANGED, "rows"),
            most=2 * CHANGED_ORDERS[TEN_CHANGED],
            least=2 * CHANGED_ORDERS[TEN_CHANGED],
        ),
        Target("requests", _of(TEN_CHANGED, "requests"), most=12),
        Target("statements", _of(TEN_CHANGED, "statements"), most=40),
    ),
    f"First load, {ORDERS:,} orders": (
        Target("CPU, as a multiple of the floor's", _floor, most=1.5),
        Target(
            "times less CPU than *bulk_create*", _less(FIRST_LOAD, BULK_CREATE, *CPU), least=4
        ),
        Target("times less wall clock than *bulk_create*", _less(FIRST_LOAD, BULK_CREATE), least=4),
        Target("times less CPU than dlt", _less_than_peer("cpu"), least=5, databases=SQLITE),
        Target(
            "times less wall clock than dlt", _less_than_peer("wall"), least=5, databases=SQLITE
        ),
        Target(
            f"with SAP-like waiting, as a multiple of the waiting ÷ {PARALLEL} at once",
            _of_waiting,
            most=1.2,
            databases=SQLITE,
        ),
    ),
    f"Growth, {MANY_ORDERS:,} orders against {ORDERS:,}": (
        Target("first load: CPU of an order, times", _growth(FIRST_LOAD, *CPU), most=1.3),
        Target("first load: wall clock of an order, times", _growth(FIRST_LOAD, "wall"), most=1.3),
        Target("quiet run: wall clock of an order, times", _growth(QUIET, "wall"), most=1.3),
        Target("quiet run: MB received of an order, times", _growth(QUIET, "mb"), most=1.3),
        Target(f"MB resident at {MANY_ORDERS:,}, of any run", _resident, most=200),
    ),
    f"Reading, {MANY_ORDERS:,} orders": (
        Target("statements of a page", _pages("statements"), most=6),
        Target(
            "milliseconds in the database, searches aside",
            _pages("database ms", lambda page: not _is_search(page)),
            most=5,
        ),
        Target(
            "milliseconds in the database, of a search", _pages("database ms", _is_search), most=20
        ),
        Target("milliseconds of a page, 95th percentile", _pages("p95 ms"), most=60),
        Target(
            f"{reading.WHILE_WRITING}: milliseconds, 99th percentile",
            _readers("p99 ms"),
            most=300,
        ),
        Target(
            f"{reading.WHILE_WRITING}: errors", _readers("errors"),
            most=0, least=0,
        ),
    ),
}  # fmt: skip


def section(results: Results) -> str:
    tables = {
        of: [
            [target.what, target.limit, *(target.told(results, it) for it in DATABASES)]
            for target in targets
        ]
        for of, targets in TARGETS.items()
    }
    cells = [cell for rows in tables.values() for row in rows for cell in row[2:] if cell]
    met = sum(cell.endswith(MET) for cell in cells)
    unknown = cells.count(NOT_MEASURED)
    parts = [
        "\n## Targets\n",
        f"Of {len(cells)} values {met} are met, {len(cells) - met - unknown} are missed and "
        f"{unknown} were not measured. "
        "Each is a median, of pages the worst. "
        "Where a cell is empty, the target is not about that database.\n",
    ]
    for of, rows in tables.items():
        parts.append(markdown([of, "target", *DATABASES.values()], rows))
    return "\n".join(parts)
