"""Three small dialects of writing many rows.

A server gets one INSERT … SELECT over one JSON parameter: an array of arrays, in which JSON's null
is NULL. Texts are converted by the column they are inserted into, never by a typed JSON column:
MariaDB's cut and zero silently, and a cast to varchar(n) cuts on PostgreSQL. SQLite, to which
nothing has to travel, gets each row's values as they are: three times faster than its JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from ordermirror.fields import ExactDecimalField
from ordermirror.sqlite import FROM_DIGITS

Row = Sequence[Any]
Text = Callable[[Any], Any]

_SURELY_INTEGER = Decimal(10**12)
"""Millionths of anything below fit 64 bits."""


class Column(NamedTuple):
    """`type` is the database's own, for the dialects that must name it.

    `text` makes a value what is sent; None where the value itself will do. `read` is put around
    it where the database is to read it, on SQLite.
    """

    name: str
    type: str
    text: Text | None
    read: str = "{}"


class Dialect(NamedTuple):
    """How an engine says it. `among` selects the keys of a JSON parameter; where rows are written,
    keys are spelled out instead if `spells_out_written`.

    `statement` inserts into a table with these columns; `or_replace` and `or_leave` are what it
    ends with where rows with the same key may be there.
    """

    statement: Callable[[str, Sequence[Column], str], str]
    or_replace: Callable[[Sequence[Column]], str]
    or_leave: Callable[[Sequence[Column]], str]
    among: str
    text_of: Callable[[models.Field[Any, Any]], Text | None]
    write: Callable[[CursorWrapper, str, Sequence[Row]], None]
    spells_out_written: bool = False


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    return _DIALECTS[connection.vendor]


def column_of(connection: BaseDatabaseWrapper, field: models.Field[Any, Any]) -> Column:
    text = dialect_of(connection).text_of(field)
    kind = (field.db_type(connection) or "").split("(")[0]
    amount = connection.vendor == "sqlite" and isinstance(field, ExactDecimalField)
    return Column(str(field.column), kind, text, MILLIONTHS if amount else "{}")


MILLIONTHS = "replace({}, '.', '')"
"""SQLite reads the digits of a number, which has exactly six decimals as records do, by itself."""


def wide(column: Column) -> Column:
    """The same column, read on SQLite by a function that is exact for any amount, but slower."""
    if column.read != MILLIONTHS:
        return column
    return column._replace(read=f"{FROM_DIGITS}({MILLIONTHS})")


def needs_width(column: Column, values: Sequence[Decimal | None]) -> bool:
    """Whether SQLite might take a text among these for an inexact REAL."""
    if column.read != MILLIONTHS:
        return False
    given = [value for value in values if value is not None]
    return bool(given) and (max(given) >= _SURELY_INTEGER or min(given) <= -_SURELY_INTEGER)


def _sqlite(table: str, columns: Sequence[Column], conflict: str) -> str:
    values = ", ".join(column.read.format("%s") for column in columns)
    return f"INSERT INTO {table} ({_names(columns)}) VALUES ({values}) {conflict}"  # noqa: S608 - names come from the models


def _postgresql(table: str, columns: Sequence[Column], conflict: str) -> str:
    values = ", ".join(_cast(place, column.type) for place, column in enumerate(columns))
    return (
        f"INSERT INTO {table} ({_names(columns)}) "  # noqa: S608 - names come from the models
        f"SELECT {values} FROM jsonb_array_elements(%s::jsonb) AS row (value) {conflict}"
    )


def _cast(place: int, kind: str) -> str:
    value = f"value->>{place}"
    return value if kind in ("varchar", "text") else f"({value})::{kind}"


def _mysql(table: str, columns: Sequence[Column], conflict: str) -> str:
    places = range(len(columns))
    paths = ", ".join(f"c{place} LONGTEXT PATH '$[{place}]'" for place in places)
    return (
        f"INSERT INTO {table} ({_names(columns)}) "  # noqa: S608 - names come from the models
        f"SELECT {', '.join(f'c{place}' for place in places)} "
        f"FROM JSON_TABLE(%s, '$[*]' COLUMNS ({paths})) AS rows_given {conflict}"
    )


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)


def _excluded(columns: Sequence[Column]) -> str:
    key, *others = columns
    replaced = ", ".join(f"{column.name} = excluded.{column.name}" for column in others)
    return f"ON CONFLICT ({key.name}) DO UPDATE SET {replaced}"


def _values(columns: Sequence[Column]) -> str:
    replaced = ", ".join(f"{column.name} = VALUES({column.name})" for column in columns[1:])
    return f"ON DUPLICATE KEY UPDATE {replaced}"


def _do_nothing(columns: Sequence[Column]) -> str:
    return "ON CONFLICT DO NOTHING"


def _same_key(columns: Sequence[Column]) -> str:
    """Not INSERT IGNORE, which would also ignore values that do not fit."""
    return f"ON DUPLICATE KEY UPDATE {columns[0].name} = {columns[0].name}"


def _sqlite_text(field: models.Field[Any, Any]) -> Text | None:
    if isinstance(field, models.DateTimeField):
        return _moment
    return str if isinstance(field, (ExactDecimalField, models.DateField)) else None


def _postgresql_text(field: models.Field[Any, Any]) -> Text | None:
    return None


def _mysql_text(field: models.Field[Any, Any]) -> Text | None:
    if isinstance(field, models.BooleanField):
        return int
    return _moment if isinstance(field, models.DateTimeField) else None


def _moment(value: datetime) -> str:
    """UTC without a zone, as Django writes it on SQLite and MySQL."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


def _write_each(cursor: CursorWrapper, sql: str, rows: Sequence[Row]) -> None:
    cursor.executemany(sql, rows)


def _write_json(cursor: CursorWrapper, sql: str, rows: Sequence[Row]) -> None:
    cursor.execute(sql, [msgspec.json.encode(rows).decode()])


_DIALECTS = {
    "sqlite": Dialect(
        statement=_sqlite,
        or_replace=_excluded,
        or_leave=_do_nothing,
        among="SELECT value FROM json_each(%s)",
        text_of=_sqlite_text,
        write=_write_each,
    ),
    "postgresql": Dialect(
        statement=_postgresql,
        or_replace=_excluded,
        or_leave=_do_nothing,
        among="SELECT value::bigint FROM jsonb_array_elements_text(%s::jsonb) AS key (value)",
        text_of=_postgresql_text,
        write=_write_json,
    ),
    "mysql": Dialect(
        statement=_mysql,
        or_replace=_values,
        or_leave=_same_key,
        among="SELECT k FROM JSON_TABLE(%s, '$[*]' COLUMNS (k BIGINT PATH '$')) AS keys_given",
        text_of=_mysql_text,
        write=_write_json,
        spells_out_written=True,
    ),
}
