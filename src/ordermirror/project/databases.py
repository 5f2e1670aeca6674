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


MYSQL_OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    # Strict: a value that does not fit is refused, never cut or zeroed.
    "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
}
MAX_AGE_SECONDS = 600


def database(url: str) -> dict[str, Any]:
    """A connection to a server is kept, and checked before it is used again."""
    entry: dict[str, Any] = dict(dj_database_url.parse(url.replace("mariadb:", "mysql:", 1)))
    engine = entry["ENGINE"].rsplit(".", 1)[-1]
    options = {"sqlite3": SQLITE_OPTIONS, "mysql": MYSQL_OPTIONS}.get(engine, {})
    entry["OPTIONS"] = options | entry.get("OPTIONS", {})
    if engine != "sqlite3":
        entry["CONN_MAX_AGE"] = MAX_AGE_SECONDS
        entry["CONN_HEALTH_CHECKS"] = True
    return entry
