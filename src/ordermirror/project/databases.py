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
    # The log is written back after 64 MB, not 4: a first load writes the same pages often.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;"
        "PRAGMA mmap_size=67108864; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=16000;"
    ),
}


IDLE_SECONDS = 300
"""As long as a lease: the transaction of a writer that was stopped, or whose machine is gone, ends
then, so that it does not lock the lease that another one may take."""

MYSQL_OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    # Strict: a value that does not fit is refused, never cut or zeroed. MySQL has no time-out for
    # transactions; it reads what is between /*M! and */ as a comment.
    "init_command": (
        "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
        f" /*M! , idle_write_transaction_timeout={IDLE_SECONDS} */"
    ),
}
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "options": f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
}
ENGINE_OPTIONS = {
    "sqlite3": SQLITE_OPTIONS,
    "mysql": MYSQL_OPTIONS,
    "postgresql": POSTGRESQL_OPTIONS,
}
MAX_AGE_SECONDS = 600


def database(url: str, pool: int | None = None) -> dict[str, Any]:
    """A connection to a server is kept, by its thread or in a pool, and checked before each use."""
    entry: dict[str, Any] = dict(dj_database_url.parse(url.replace("mariadb:", "mysql:", 1)))
    engine = entry["ENGINE"].rsplit(".", 1)[-1]
    entry["OPTIONS"] = ENGINE_OPTIONS.get(engine, {}) | entry.get("OPTIONS", {})
    if engine != "sqlite3":
        entry["CONN_MAX_AGE"] = MAX_AGE_SECONDS
        entry["CONN_HEALTH_CHECKS"] = True
    if pool:
        entry["OPTIONS"]["pool"] = {"min_size": 0, "max_size": pool}
        entry["CONN_MAX_AGE"] = 0
    return entry
