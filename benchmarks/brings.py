"""What each technique brings, the databases side by side."""

from __future__ import annotations

from benchmarks.figures import DATABASES, figure, machine, markdown
from benchmarks.names import AS_IT_IS
from benchmarks.results import Key, Results

SUITE = "techniques"
COUNTED = {
    "statements": "statements", "requests": "requests", "rows": "rows", "memory": "MB above idle",
}  # fmt: skip
TIMED = {"wall": "s", "ms": "ms"}


def summary(results: Results) -> str:
    found = list(results.suites.get(SUITE, {}))
    if not found:
        return ""
    parts = [
        "\n## What each technique brings\n\n"
        "Seconds (of pages milliseconds), and how many times those of OrderMirror as it is; counts "
        "and memory are those of the database named first.\n\n"
        f"Measured on {machine(results, SUITE)}.\n"
    ]
    databases = [it for it in DATABASES if any(key[1] == it for key in found)]
    for orders, what in dict.fromkeys((key[0], key[2]) for key in found):
        ways = list(dict.fromkeys(key[3] for key in found if (key[0], key[2]) == (orders, what)))
        rows = [_row(results, (orders, what, way), databases) for way in ways]
        head = ["", *(DATABASES[it] for it in databases), *COUNTED.values()]
        parts.append(f"**{what.capitalize()}, {orders}**\n\n{markdown(head, rows)}")
    return "\n".join(parts)


def _row(results: Results, of: tuple[str, str, str], databases: list[str]) -> list[str]:
    orders, what, way = of
    keys = [(orders, database, what, way) for database in databases]
    counts = [figure(results.median(SUITE, keys[0], name)) for name in COUNTED]
    return [way, *(_time(results, key) for key in keys), *counts]


def _time(results: Results, key: Key) -> str:
    for name, unit in TIMED.items():
        took = results.median(SUITE, key, name)
        usual = results.median(SUITE, (*key[:-1], AS_IT_IS), name)
        if took is not None:
            times = f", {figure(took / usual)} ×" if usual and key[-1] != AS_IT_IS else ""
            return f"{figure(took)} {unit}{times}"
    return ""
