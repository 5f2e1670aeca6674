"""Backing up and restoring the SQLite file while programs use it; servers have tools of their own.

The file alone must not be copied: what was committed last stands in a second one beside it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error, connection

from ordermirror import lease
from ordermirror.engines import engine_name
from ordermirror.errors import ConfigError, OrderMirrorError
from ordermirror.models import Company, Lease

DUMPS = {
    "postgresql": "pg_dump --format=custom --file=FILE DATABASE",
    "mariadb": "mariadb-dump --single-transaction DATABASE > FILE",
    "mysql": "mysqldump --single-transaction DATABASE > FILE",
}


class NotBackedUp(OrderMirrorError):
    """The database can't be read whole."""


def back_up(file: Path) -> None:
    """A copy of one moment, checked, in a new file that appears only when it is whole."""
    _require_sqlite()
    if file.exists():
        raise ConfigError([f"{file} exists; name a new file"])
    if not _has_tables():
        raise ConfigError(["nothing is mirrored here yet, so there is nothing to back up"])
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(partial)])
        with _opened(partial):
            _flush(partial)
        os.replace(partial, file)
    except (Error, OSError, ConfigError) as exc:
        partial.unlink(missing_ok=True)
        raise NotBackedUp(f"no backup was made: {exc}") from exc


def restore(file: Path) -> Path | None:
    """Put a backup in the database's place; the file that keeps what was there, if anything was.

    Raises SyncAlreadyRunning while a run writes.
    """
    _require_sqlite()
    with _opened(file) as backup:
        if not _has_tables():
            backup.backup(_database())
            return None
        with lease.all_held() as leases:
            replaced = beside(f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
            back_up(replaced)
            backup.backup(_database())
            for mine in leases:
                # A runner of before must not find its own fence again.
                Lease.objects.filter(company_id=mine.company_id).update(
                    fence=mine.fence, holder="", expires_at=None
                )
        return replaced


def _require_sqlite() -> None:
    if connection.vendor != "sqlite":
        connection.ensure_connection()
        dump = DUMPS[engine_name(connection)]
        raise ConfigError(
            [f"this database is on a server; back it up with `{dump}` (docs/operations.md)"]
        )


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A backup, once it has been found whole and ours; raises ConfigError otherwise."""
    if not file.is_file():
        raise ConfigError([f"there is no file {file}"])
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            found = opened.execute("PRAGMA quick_check").fetchone()[0]
            opened.execute("SELECT company_db FROM ordermirror_company")
        except sqlite3.Error as exc:
            raise ConfigError([f"{file} is not a backup of OrderMirror: {exc}"]) from exc
        if found != "ok":
            raise ConfigError([f"{file} is damaged: {found}"])
        yield opened


def _has_tables() -> bool:
    try:
        return Company._meta.db_table in connection.introspection.table_names()
    except Error as exc:
        raise NotBackedUp(
            f"the database in use can't be read ({exc}); move its file away, and those with the "
            "same beginning, then restore a backup"
        ) from exc


def _database() -> sqlite3.Connection:
    connection.ensure_connection()
    database: sqlite3.Connection = connection.connection
    return database


def beside(ending: str) -> Path:
    """A file next to the database's, on SQLite."""
    file = Path(str(connection.settings_dict["NAME"]))
    return file.with_name(f"{file.name}.{ending}")


def _flush(file: Path) -> None:
    """To the disk, before it gets its name."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
