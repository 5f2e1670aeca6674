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
    entry: dict[str, Any] = dict(dj_database_url.parse(url.replace("mariadb://", "mysql://", 1)))
    options = dict(entry.get("OPTIONS", {}))
    if entry["ENGINE"].endswith("sqlite3"):
        entry["OPTIONS"] = {**SQLITE_OPTIONS, **options}
        return entry
    entry["CONN_MAX_AGE"] = 600
    entry["CONN_HEALTH_CHECKS"] = True
    if entry["ENGINE"].endswith("mysql"):
        modes = "sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
        options = {"charset": "utf8mb4", "isolation_level": "read committed", **options}
        options.setdefault("init_command", f"SET {modes}")
    entry["OPTIONS"] = options
    return entry
