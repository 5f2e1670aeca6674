"""What a check found, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

DATABASE, MODE, TABLES, INTEGRITY = "database", "database mode", "tables", "integrity"
COMPANY, FRESHNESS, PENDING, QUARANTINE = "company", "last refresh", "pending", "quarantine"
ABOUT_DATABASE = (DATABASE, MODE, TABLES, INTEGRITY)
ABOUT_MIRROR = (COMPANY, FRESHNESS, PENDING, QUARANTINE)

SHORTEST_SECRET = 4
"""Shorter ones are not looked for: nearly every sentence holds them."""


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` says what is the case; `mend` what a person can do about it, if anything."""

    level: Level
    title: str
    detail: str
    mend: str = ""

    def without(self, secrets: Iterable[str | None]) -> Finding:
        """The same with every secret blotted out, whoever put it there."""
        detail, mend = self.detail, self.mend
        for secret in secrets:
            if secret and len(secret) >= SHORTEST_SECRET:
                detail, mend = detail.replace(secret, "***"), mend.replace(secret, "***")
        return replace(self, detail=detail, mend=mend)


def ok(title: str, detail: str, mend: str = "") -> Finding:
    return Finding(Level.OK, title, detail, mend)


def warn(title: str, detail: str, mend: str = "") -> Finding:
    return Finding(Level.WARN, title, detail, mend)


def fail(title: str, detail: str, mend: str = "") -> Finding:
    return Finding(Level.FAIL, title, detail, mend)


def skipped(titles: Iterable[str], reason: str) -> list[Finding]:
    return [Finding(Level.SKIPPED, title, f"not checked: {reason}") for title in titles]


def failed(findings: Iterable[Finding]) -> bool:
    return any(finding.level is Level.FAIL for finding in findings)
