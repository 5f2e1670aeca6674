"""The state of the database's tables: what must be done before anything is read or written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from ordermirror.engines import require_engine
from ordermirror.errors import ConfigError
from ordermirror.file_lock import alone
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
        with alone(_lock_file(), patience_seconds=120):
            migrate()
        return
    command = "upgrade" if has_tables() else "migrate"
    raise ConfigError([f"the database lacks {missing} migrations; run `ordermirror {command}`"])


def migrate() -> int:
    """Apply what is missing; returns how many migrations that was."""
    missing = missing_migrations()
    require_engine()
    call_command("migrate", verbosity=0, interactive=False)
    return missing


def missing_migrations() -> int:
    """How many are to be applied; raises as `missing_names` does."""
    return len(missing_names())


def missing_names() -> list[str]:
    """The migrations to be applied, in their order.

    Raises ConfigError when the database can't be reached, or a newer program has changed it.
    """
    executor = _executor()
    newer = sorted(_newer(executor))
    if newer:
        raise ConfigError(
            [
                f"a newer version of OrderMirror has changed this database ({', '.join(newer)}); "
                "install that version, or restore the backup from before"
            ]
        )
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def _newer(executor: MigrationExecutor) -> Iterator[str]:
    """Migrations of ours that were applied, and that this version does not know."""
    ours = [app.label for app in apps.get_app_configs() if app.name.startswith("ordermirror")]
    known = executor.loader.disk_migrations
    for label, name in executor.loader.applied_migrations:
        if label in ours and (label, name) not in known:
            yield f"{label}.{name}"


def has_tables() -> bool:
    return Company._meta.db_table in connection.introspection.table_names()


def _holds_a_company() -> bool:
    return has_tables() and Company.objects.exists()


def _lock_file() -> Path:
    return Path(str(connection.settings_dict["NAME"]) + ".migrating")


def _executor() -> MigrationExecutor:
    try:
        return MigrationExecutor(connection)
    except DatabaseError as exc:
        raise ConfigError(
            [
                f"the database can't be reached ({' '.join(str(exc).split())}); "
                "check that it runs, and ORDERMIRROR_DATABASE_URL"
            ]
        ) from exc
