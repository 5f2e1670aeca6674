"""A database URL as Django's DATABASES entry, with the options OrderMirror needs on each engine."""

from __future__ import annotations

from typing import Any

import dj_database_url

SQLITE_OPTIONS: dict[str, Any] = {
    # A writer takes its lock at BEGIN, so it can wait for another one instead of failing midway.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    # WAL: readers never wait for the writer. NORMAL survives a crash of the program; a power cut
    # may lose the last commits but never the database, and the next run fetches them again.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;"
        "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
    ),
}


def database(url: str) -> dict[str, Any]:
    entry: dict[str, Any] = dict(dj_database_url.parse(url))
    entry["OPTIONS"] = SQLITE_OPTIONS | entry.get("OPTIONS", {})
    return entry
