"""What was measured, as one JSON file that is written as it grows."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FILE = ROOT / ".bench/results.json"

Figures = dict[str, float]
Key = tuple[str, ...]


@dataclass(slots=True)
class Results:
    """By suite ("sync", "techniques", "reading", "peers") and by what was measured: its runs."""

    path: Path = FILE
    machines: dict[str, dict[str, str]] = field(default_factory=dict)
    """On what machine each suite was measured."""
    suites: dict[str, dict[Key, list[Figures]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = FILE) -> Results:
        if not path.exists():
            return cls(path)
        told = json.loads(path.read_text())
        suites = {
            suite: {tuple(record["of"]): record["runs"] for record in records}
            for suite, records in told["suites"].items()
        }
        return cls(path, told["machines"], suites)

    def begin(self, suite: str, machine: dict[str, str], *, resume: bool = False) -> None:
        """Measure a suite on this machine, anew unless a session is resumed."""
        if not resume:
            self.suites[suite] = {}
        self.machines[suite] = machine

    def put(self, suite: str, of: Key, runs: list[Figures]) -> None:
        self.suites.setdefault(suite, {})[of] = runs
        self._save(suite)

    def take(self, newer: Results) -> None:
        """Each suite that was measured anew replaces the one there was."""
        for suite in newer.suites:
            self.suites[suite] = newer.suites[suite]
            self.machines[suite] = newer.machines.get(suite, {})
            self._save(suite)

    def runs(self, suite: str, of: Key) -> list[Figures]:
        return self.suites.get(suite, {}).get(of, [])

    def median(self, suite: str, of: Key, *names: str) -> float | None:
        """Of the sum of these figures; None when it was not measured."""
        runs = self.runs(suite, of)
        if not runs or any(name not in it for it in runs for name in names):
            return None
        return statistics.median(sum(it[name] for name in names) for it in runs)

    def span(self, suite: str, of: Key, name: str) -> tuple[float, float]:
        values = [it[name] for it in self.runs(suite, of)]
        return min(values), max(values)

    def _save(self, suite: str) -> None:
        """Other suites may have been measured by another program meanwhile."""
        self.path.parent.mkdir(exist_ok=True)
        there = Results.read(self.path)
        machines = there.machines | {suite: self.machines.get(suite, {})}
        told = {"machines": machines, "suites": _listed(there.suites | {suite: self.suites[suite]})}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(told, indent=1) + "\n")
        draft.replace(self.path)


def _listed(suites: Mapping[str, Mapping[Key, list[Figures]]]) -> dict[str, Any]:
    return {
        suite: [
            {"of": list(of), "runs": [_rounded(it) for it in runs]} for of, runs in found.items()
        ]
        for suite, found in suites.items()
    }


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, 4) for name, value in figures.items()}
