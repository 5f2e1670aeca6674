"""The state of the database's tables: what must be done before anything is read or written."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from ordermirror.errors import ConfigError


def require_tables() -> None:
    """Make the tables of an empty SQLite file; raises ConfigError when a person must migrate."""
    executor, missing = _missing()
    if not missing:
        return
    if connection.vendor == "sqlite" and not executor.loader.applied_migrations:
        migrate()
        return
    raise ConfigError(
        [f"the database lacks {missing} migrations; run `ordermirror migrate` (after a backup)"]
    )


def migrate() -> int:
    """Apply what is missing; returns how many migrations that was."""
    _, missing = _missing()
    call_command("migrate", verbosity=0, interactive=False)
    return missing


def _missing() -> tuple[MigrationExecutor, int]:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as exc:
        raise ConfigError(
            [f"the database can't be reached ({exc}); check ORDERMIRROR_DATABASE_URL"]
        ) from exc
    return executor, len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
