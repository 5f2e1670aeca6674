"""Figures and tables as the documents show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.results import Results

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


def figure(value: float | None) -> str:
    """Three digits that count; nothing where nothing was measured."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def machine(results: Results, suite: str) -> str:
    told = results.machines.get(suite, {})
    return ", ".join(f"{name} {value}" for name, value in told.items())


def tables(results: Results, suite: str, title: str) -> list[str]:
    """Of whatever figures the runs of this suite have."""
    found = results.suites.get(suite)
    if not found:
        return []
    told = [f"\n## {title}\n\nMeasured on {machine(results, suite)}.\n"]
    for group in dict.fromkeys(key[:-1] for key in found):
        keys = [key for key in found if key[:-1] == group]
        names = list(dict.fromkeys(name for key in keys for name in found[key][0]))
        rows = [
            [key[-1], *(figure(results.median(suite, key, name)) for name in names)] for key in keys
        ]
        place = ", ".join(DATABASES.get(it, it) for it in group)
        told.append(f"**{place}**\n\n{markdown(['', *names], rows)}")
    return told
