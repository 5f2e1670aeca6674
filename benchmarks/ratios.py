"""OrderMirror against its baselines and its floor, within one session."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figures import DATABASES, figure, markdown
from benchmarks.measure import SUITE
from benchmarks.names import BASELINES, BEFORE, CASES, FLOOR, NO_LATENCY, PRODUCT, QUIET
from benchmarks.results import Key, Results


def every(results: Results) -> str:
    return _table(results, "How many times longer than OrderMirror", measured(results))


def largest(results: Results) -> str:
    """Of the largest size that *before* was measured with."""
    orders = compared(results)
    places = [place for place in measured(results) if place[0] == orders]
    if not places:
        return ""
    title = f"How many times longer than OrderMirror: {int(orders):,} orders"
    return _table(results, title, places)


def compared(results: Results) -> str:
    """The most orders with which *before* was measured; none: an empty text."""
    sizes = [
        int(key[0])
        for key in results.suites.get(SUITE, {})
        if key[1:] == ("sqlite", BEFORE, QUIET, NO_LATENCY)
    ]
    return str(max(sizes)) if sizes else ""


def measured(results: Results) -> list[tuple[str, str]]:
    """Sizes and databases."""
    found = {(key[0], key[1]) for key in results.suites.get(SUITE, {}) if key[4] == NO_LATENCY}
    return sorted(found, key=lambda it: (int(it[0]), list(DATABASES).index(it[1])))


def times_less(results: Results, key: Key, system: str, *names: str) -> float | None:
    """By how much this system takes more of these figures (`wall` unless told otherwise)."""
    mine = results.median(SUITE, key, *(names or ("wall",)))
    theirs = results.median(SUITE, (*key[:2], system, *key[3:]), *(names or ("wall",)))
    return theirs / mine if mine and theirs is not None else None


def of_floor(results: Results, key: Key) -> float | None:
    """CPU, the server's included, as a multiple of the floor's."""
    less = times_less(results, key, FLOOR, "cpu", "server")
    return 1 / less if less else None


def told(results: Results, key: Key, system: str) -> str:
    ratio = times_less(results, key, system)
    once = len(results.runs(SUITE, (*key[:2], system, *key[3:]))) == 1
    return "" if ratio is None else f"{figure(ratio)} ×{' *' if once else ''}"


def seconds(results: Results, key: Key) -> str:
    return f"{figure(results.median(SUITE, key, 'wall') or 0.0)} s"


def _table(results: Results, title: str, places: Iterable[tuple[str, str]]) -> str:
    rows: list[list[str]] = []
    for orders, database in places:
        for case in CASES:
            key = (orders, database, PRODUCT, case, NO_LATENCY)
            if results.runs(SUITE, key):
                place = f"{int(orders):,}, {DATABASES[database]}"
                others = [told(results, key, system) for system in BASELINES]
                floor = figure(of_floor(results, key))
                rows.append([place, case, seconds(results, key), *others, floor])
    head = ["orders, database", "run", PRODUCT, *BASELINES, "CPU, of the floor"]
    return (
        f"\n## {title}\n\n"
        "Wall clock, medians; * is of a baseline that was measured once. The last column is "
        "OrderMirror's CPU, the server's included, as a multiple of the floor's, which has only "
        f"first loads and quiet runs.\n\n{markdown(head, rows)}"
    )
