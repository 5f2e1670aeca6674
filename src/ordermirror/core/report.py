"""What a run did, counted. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ordermirror.core.diff import Fate
from ordermirror.errors import SAPError

RUNNING, COMPLETE, INCOMPLETE, FAILED, BUSY = "running", "complete", "incomplete", "failed", "busy"
MOST_WARNINGS = 20
LONGEST_WARNING = 300


@dataclass(slots=True)
class ProbeReport:
    """One question put to SAP and what it cost there.

    `complete` means that the answer is proven whole. `bytes` are counted after decompression.
    `seconds` are those for which SAP was at work on the requests, added up over those that were
    under way at once. `retries` are requests that were put again, since the first answer was of no
    use.
    """

    probe: str
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    seconds: float = 0.0
    rows: int = 0
    complete: bool = False
    problem: str = ""


@dataclass(slots=True)
class LineCounts:
    created: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(slots=True)
class Counts:
    """What became of orders and lines, in a batch or in a run.

    Each order is counted once: created, changed, closed, cancelled, reopened, remapped (a newer
    mapping reads it differently), quarantined or unchanged. `missing` are orders that SAP did not
    show when asked by key. `newly_missing` are those of them that had been shown the last time.
    `silent_changes` had changed though no other probe could see it: only the audit, which read
    `audited` orders again, found them. `rows_written` are rows of mirrored orders, lines and master
    data, book-keeping left out.
    """

    fates: dict[Fate, int] = field(default_factory=dict)
    lines: LineCounts = field(default_factory=LineCounts)
    rows_written: int = 0
    quarantined: int = 0
    missing: int = 0
    newly_missing: int = 0
    silent_changes: int = 0
    audited: int = 0

    def count(self, fate: Fate, times: int = 1) -> None:
        self.fates[fate] = self.fates.get(fate, 0) + times

    def add(self, part: Counts) -> None:
        for fate, times in part.fates.items():
            self.count(fate, times)
        self.lines.created += part.lines.created
        self.lines.changed += part.lines.changed
        self.lines.removed += part.lines.removed
        self.rows_written += part.rows_written
        self.quarantined += part.quarantined
        self.missing += part.missing
        self.newly_missing += part.newly_missing
        self.silent_changes += part.silent_changes
        self.audited += part.audited


@dataclass(slots=True, kw_only=True)
class RunReport(Counts):
    """A run's outcome and costs; `bytes` are counted after decompression."""

    run: int
    outcome: str = RUNNING
    first_load: bool = False
    seconds: float = 0.0
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    statements: int = 0
    manufacturers: dict[str, int] = field(default_factory=dict)
    """How many manufacturers of items were remembered (`hits`), and how many not (`misses`)."""
    phases: dict[str, float] = field(default_factory=dict)
    """Where the time went, in seconds by `ordermirror.phases.Phase`; sums to `seconds`."""
    seen: set[int] = field(default_factory=set)
    probes: list[ProbeReport] = field(default_factory=list)
    problem: str = ""
    warnings: list[str] = field(default_factory=list)
    """What else is worth a look, at most `MOST_WARNINGS` of it."""
    first_error: dict[str, str | int | None] = field(default_factory=dict)
    """The first thing that SAP did wrong, and the request behind it; empty when there was none."""
    done: int | None = None
    """Of a first load: orders so far, of `total` that SAP counted when it began."""
    total: int | None = None

    def warn(self, text: str) -> None:
        """Each text once."""
        text = text[:LONGEST_WARNING]
        if text not in self.warnings and len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(text)

    def failed(self, probe: str, error: SAPError) -> None:
        """Keep the first error; the others are told by their probes."""
        if not self.first_error:
            asked = error.asked
            self.first_error = {
                "probe": probe,
                "method": asked.method if asked else "",
                "path": asked.path if asked else "",
                "status": asked.status if asked else None,
                "message": str(error),
            }

    @property
    def sap_seconds(self) -> float:
        """For which SAP was at work, over all probes."""
        return sum(probe.seconds for probe in self.probes)

    def orders(self) -> dict[str, int]:
        counts = {str(fate): self.fates.get(fate, 0) for fate in Fate}
        touched = sum(counts.values()) - counts[Fate.UNCHANGED] + self.quarantined
        counts[Fate.UNCHANGED] = max(len(self.seen) - touched, 0)
        return {
            "seen": len(self.seen),
            **counts,
            "quarantined": self.quarantined,
            "missing": self.missing,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "outcome": self.outcome,
            "first_load": self.first_load,
            "seconds": round(self.seconds, 3),
            "phases": {phase: round(seconds, 3) for phase, seconds in self.phases.items()},
            "requests": self.requests,
            "retries": self.retries,
            "bytes": self.bytes,
            "sap_seconds": round(self.sap_seconds, 3),
            "statements": self.statements,
            "orders": self.orders(),
            "lines": asdict(self.lines),
            "rows_written": self.rows_written,
            "silent_changes": self.silent_changes,
            "manufacturers": self.manufacturers,
            "probes": [asdict(probe) for probe in self.probes],
            "problem": self.problem,
            "warnings": self.warnings,
            "first_error": self.first_error,
        }
