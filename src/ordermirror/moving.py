"""Moving everything into another, empty database: SQLite to a server, a server to SQLite.

Rows are read as of one moment and written in one transaction, which commits when counts and sums
agree. A move that fails or is killed leaves the other database as it was, but for empty tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, Error, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Sum
from django.db.models.sql import InsertQuery

from ordermirror import lease
from ordermirror.database import missing_migrations
from ordermirror.engines import require_engine
from ordermirror.errors import ConfigError, LeaseLost, OrderMirrorError
from ordermirror.fields import ExactDecimalField
from ordermirror.models import Company, Lease
from ordermirror.snapshot import snapshot
from ordermirror.sync import Progress

TARGET = "target"
ROWS_AT_ONCE = 500
FILLED_BY_MIGRATING = (Permission, ContentType)

Model = type[models.Model]


class NotMoved(OrderMirrorError):
    """The move failed; nothing was kept of it."""


def move_to(entry: dict[str, Any], progress: Progress) -> dict[str, int]:
    """Copy every row into the database of this DATABASES entry; rows by table.

    Raises ConfigError when that database can't be used, SyncAlreadyRunning while a run writes.
    """
    _require_complete_source()
    target = _connect(entry)
    _require_empty(target)
    with lease.all_held() as leases:
        try:
            call_command("migrate", database=TARGET, verbosity=0, interactive=False)
            return _move(target, leases, progress)
        except (Error, LeaseLost) as exc:
            raise NotMoved(
                f"nothing was moved: {exc}; mend that and run the command again"
            ) from exc
        finally:
            target.close()


def _require_complete_source() -> None:
    missing = missing_migrations()
    if missing:
        raise ConfigError(
            [f"this database lacks {missing} migrations; run `ordermirror migrate` first"]
        )
    if not Company.objects.exists():
        raise ConfigError(["nothing is mirrored here yet, so there is nothing to move"])


def _connect(entry: dict[str, Any]) -> BaseDatabaseWrapper:
    if _place(entry) == _place(connections[DEFAULT_DB_ALIAS].settings_dict):
        raise ConfigError(["that is the database that is in use now"])
    named = connections.configure_settings({DEFAULT_DB_ALIAS: {}, TARGET: entry})
    connections.settings[TARGET] = named[TARGET]
    try:
        target = connections[TARGET]
        target.ensure_connection()
    except (Error, ImproperlyConfigured) as exc:
        raise ConfigError([f"the other database can't be reached: {exc}"]) from exc
    require_engine(target)
    return target


def _place(entry: dict[str, Any]) -> tuple[str, ...]:
    engine, name = entry["ENGINE"], str(entry["NAME"])
    if engine.endswith("sqlite3"):
        return engine, str(Path(name).resolve())
    return engine, name, entry.get("HOST") or "localhost", str(entry.get("PORT") or "")


def _require_empty(target: BaseDatabaseWrapper) -> None:
    """Empty tables of ours are what a move that failed, or `ordermirror migrate`, leaves."""
    ours = {model._meta.db_table: model for model in _tables()}
    filled = [
        table
        for table in target.introspection.table_names()
        if table != "django_migrations" and not (table in ours and _is_empty(ours[table]))
    ]
    if filled:
        raise ConfigError(
            [f"the other database is not empty ({', '.join(filled[:3])}); name an empty one"]
        )


def _is_empty(model: Model) -> bool:
    return model in FILLED_BY_MIGRATING or not _rows(model, TARGET).exists()


def _move(
    target: BaseDatabaseWrapper, leases: Sequence[lease.Lease], progress: Progress
) -> dict[str, int]:
    tables = _tables()
    with target.constraint_checks_disabled(), transaction.atomic(TARGET):
        for model in FILLED_BY_MIGRATING:
            _rows(model, TARGET).delete()
        with snapshot():
            _copy(tables, progress)
            moved = _require_equal(tables)
        Lease.objects.using(TARGET).update(holder="", expires_at=None)
        target.check_constraints()
        _reset_sequences(target, tables)
        for mine in leases:
            with mine.transaction():
                """Nothing was refreshed meanwhile, or this raises LeaseLost."""
    return moved


def _tables() -> list[Model]:
    models_of_all_apps = apps.get_models(include_auto_created=True)
    return [model for model in models_of_all_apps if model._meta.managed and not model._meta.proxy]


def _copy(tables: Sequence[Model], progress: Progress) -> None:
    total = sum(_rows(model, DEFAULT_DB_ALIAS).count() for model in tables)
    done = 0
    for model in tables:
        for rows in _batches(model):
            _insert(model, rows)
            done += len(rows)
            progress(done, total)


def _batches(model: Model) -> Iterator[list[models.Model]]:
    """By key, since MariaDB's client would take a whole result into memory."""
    ordered = _rows(model, DEFAULT_DB_ALIAS).order_by("pk")
    rows = list(ordered[:ROWS_AT_ONCE])
    while rows:
        yield rows
        rows = list(ordered.filter(pk__gt=rows[-1].pk)[:ROWS_AT_ONCE])


def _insert(model: Model, rows: list[models.Model]) -> None:
    """As they are: bulk_create would stamp `auto_now_add` fields anew.

    What the database computes by itself it computes anew.
    """
    target = connections[TARGET]
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    at_once = target.ops.bulk_batch_size(fields, rows)
    for first in range(0, len(rows), at_once):
        query = InsertQuery(model)
        query.insert_values(fields, rows[first : first + at_once], raw=True)
        query.get_compiler(using=TARGET).execute_sql()


def _require_equal(tables: Sequence[Model]) -> dict[str, int]:
    """Rows by table, once counts and the exact sums of amounts agree; raises NotMoved."""
    moved = {}
    for model in tables:
        here, there = _figures(model, DEFAULT_DB_ALIAS), _figures(model, TARGET)
        if here != there:
            table, differ = model._meta.db_table, [key for key in here if here[key] != there[key]]
            raise NotMoved(f"nothing was moved: {table} differs there in {', '.join(differ)}")
        moved[model._meta.db_table] = here["rows"]
    return moved


def _figures(model: Model, alias: str) -> dict[str, Any]:
    amounts = [field.name for field in model._meta.fields if isinstance(field, ExactDecimalField)]
    sums = {f"sum_of_{name}": Sum(name) for name in amounts}
    rows = _rows(model, alias)
    return {"rows": rows.count(), **(rows.aggregate(**sums) if sums else {})}


def _reset_sequences(target: BaseDatabaseWrapper, tables: Sequence[Model]) -> None:
    with target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def _rows(model: Model, alias: str) -> models.QuerySet[Any]:
    return model._base_manager.using(alias)
