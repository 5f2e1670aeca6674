"""An upgrade of the database in one go: look, back up, migrate, look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

from ordermirror import backup, lease
from ordermirror.database import has_tables, migrate, missing_migrations, missing_names
from ordermirror.engines import engine_name, require_engine
from ordermirror.errors import ConfigError, OrderMirrorError
from ordermirror.logs import described
from ordermirror.models import OrderLine, SalesOrder


class UpgradeFailed(OrderMirrorError):
    """Says how to go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What to apply; `file` is where the backup goes, None where this program makes none."""

    migrations: tuple[str, ...]
    file: Path | None


def planned(*, backed_up: bool) -> Upgrade:
    """What an upgrade would do; nothing is changed.

    Raises ConfigError when a newer program has been here, the database is unfit, or it is on a
    server and nobody says that it is backed up.
    """
    migrations = tuple(missing_names())
    require_engine()
    if not migrations or not has_tables():
        return Upgrade(migrations=migrations, file=None)
    if connection.vendor == "sqlite":
        moment = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        return Upgrade(migrations=migrations, file=backup.beside(f"before-upgrade-{moment}"))
    if not backed_up:
        dump = backup.DUMPS[engine_name(connection)]
        raise ConfigError(
            [f"this database is on a server: back it up with `{dump}`, then say --backed-up"]
        )
    return Upgrade(migrations=migrations, file=None)


def carry_out(upgrade: Upgrade) -> None:
    """Raises SyncAlreadyRunning while a run writes, and UpgradeFailed."""
    if not has_tables():
        migrate()
        return
    with lease.all_held():
        if upgrade.file:
            backup.back_up(upgrade.file)
        before = _counts()
        try:
            migrate()
        except Exception as exc:
            raise UpgradeFailed(f"the upgrade failed ({described(exc)}); {_back(upgrade)}") from exc
        _look_again(before, upgrade)


def _look_again(before: tuple[int, int], upgrade: Upgrade) -> None:
    missing, after = missing_migrations(), _counts()
    if missing or after != before:
        raise UpgradeFailed(
            f"the upgrade went wrong: {missing} migrations are still missing, there were "
            f"{before[0]:,} orders with {before[1]:,} lines and are {after[0]:,} with "
            f"{after[1]:,}; {_back(upgrade)}"
        )


def _back(upgrade: Upgrade) -> str:
    if upgrade.file:
        return f"to go back, give the former version `ordermirror restore {upgrade.file}`"
    return "to go back, restore your backup and install the former version"


def _counts() -> tuple[int, int]:
    return SalesOrder.objects.count(), OrderLine.objects.count()
