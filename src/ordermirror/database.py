"""The state of the database's tables: what must be done before anything is read or written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from ordermirror.engines import require_engine
from ordermirror.errors import ConfigError
from ordermirror.models import Company


def require_tables() -> None:
    """Make the tables of an empty SQLite file; raises ConfigError when a person must migrate.

    A file whose tables were being made by a program that was killed, or are being made by another
    one now, counts as empty: nothing is mirrored in it.
    """
    missing = missing_migrations()
    require_engine()
    if not missing:
        return
    if connection.vendor == "sqlite" and not _holds_a_company():
        with _alone():
            migrate()
        return
    raise ConfigError(
        [f"the database lacks {missing} migrations; run `ordermirror migrate` (after a backup)"]
    )


def migrate() -> int:
    """Apply what is missing; returns how many migrations that was."""
    missing = missing_migrations()
    require_engine()
    call_command("migrate", verbosity=0, interactive=False)
    return missing


def missing_migrations() -> int:
    """How many are to be applied; raises ConfigError when the database can't be reached."""
    return _missing()[1]


def _holds_a_company() -> bool:
    if Company._meta.db_table not in connection.introspection.table_names():
        return False
    return Company.objects.exists()


@contextmanager
def _alone() -> Iterator[None]:
    """One program at a time. A lock of SQLite's own: it works everywhere and dies with us."""
    path = Path(str(connection.settings_dict["NAME"]) + ".migrating")
    lock = sqlite3.connect(path, timeout=120, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def _missing() -> tuple[MigrationExecutor, int]:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as exc:
        raise ConfigError(
            [
                f"the database can't be reached ({' '.join(str(exc).split())}); "
                "check that it runs, and ORDERMIRROR_DATABASE_URL"
            ]
        ) from exc
    return executor, len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
