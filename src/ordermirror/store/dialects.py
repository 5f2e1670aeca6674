"""Three small dialects of one statement: INSERT … SELECT over one JSON parameter of text.

The parameter is an array of arrays; JSON's null is NULL. Texts are converted by the column they
are inserted into, never by a typed JSON column: MariaDB's cut and zero silently, and a cast to
varchar(n) cuts on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from ordermirror.fields import ExactDecimalField
from ordermirror.sqlite import FROM_DIGITS

Text = Callable[[Any], Any]

_SURELY_INTEGER = 18
"""Digits that fit 64 bits whatever they are."""


class Column(NamedTuple):
    """`type` is the database's own, for the dialects that must name it.

    `read` is put around the text where the database is to read it, on SQLite.
    """

    name: str
    type: str
    text: Text
    read: str = "{}"


class TooLong(Exception):
    """An amount of so many digits that SQLite might take its text for an inexact REAL."""


class Dialect(NamedTuple):
    """How an engine says it. `among` selects the keys of a JSON parameter."""

    upsert: Callable[[str, Sequence[Column]], str]
    insert_new: Callable[[str, Sequence[Column]], str]
    among: str
    text_of: Callable[[models.Field[Any, Any]], Text]


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    return _DIALECTS[connection.vendor]


def column_of(connection: BaseDatabaseWrapper, field: models.Field[Any, Any]) -> Column:
    text = dialect_of(connection).text_of(field)
    return Column(str(field.column), (field.db_type(connection) or "").split("(")[0], text)


def wide(column: Column) -> Column:
    """The same column, read on SQLite by a function that is exact for any amount, but slower."""
    if column.text is not _millionths:
        return column
    return column._replace(text=_digits, read=f"{FROM_DIGITS}({{}})")


def _sqlite(table: str, columns: Sequence[Column], conflict: str) -> str:
    values = ", ".join(
        column.read.format(f"value->>{place}") for place, column in enumerate(columns)
    )
    return (
        f"INSERT INTO {table} ({_names(columns)}) "  # noqa: S608 - names come from the models
        f"SELECT {values} FROM json_each(%s) WHERE true {conflict}"
    )


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


def _nothing(columns: Sequence[Column]) -> str:
    """Not INSERT IGNORE, which would also ignore values that do not fit."""
    return f"ON DUPLICATE KEY UPDATE {columns[0].name} = {columns[0].name}"


def _sqlite_text(field: models.Field[Any, Any]) -> Text:
    if isinstance(field, ExactDecimalField):
        return _millionths
    return _moment if isinstance(field, models.DateTimeField) else _common_text(field)


def _mysql_text(field: models.Field[Any, Any]) -> Text:
    return _moment if isinstance(field, models.DateTimeField) else _common_text(field)


def _common_text(field: models.Field[Any, Any]) -> Text:
    if isinstance(field, ExactDecimalField):
        return str
    if isinstance(field, models.BooleanField):
        return int
    return datetime.isoformat if isinstance(field, models.DateTimeField) else _same


def _digits(number: Decimal) -> str:
    """Of a number that has exactly six decimals, as records do: how many millionths it is."""
    return str(number).replace(".", "")


def _millionths(number: Decimal) -> str:
    """Digits that SQLite reads as an INTEGER by itself. Raises TooLong for what may be none."""
    digits = str(number).replace(".", "")
    if len(digits) > _SURELY_INTEGER:
        raise TooLong
    return digits


def _moment(value: datetime) -> str:
    """UTC without a zone, as Django writes it on SQLite and MySQL."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


def _same(value: Any) -> Any:
    return value


_DIALECTS = {
    "sqlite": Dialect(
        upsert=lambda table, columns: _sqlite(table, columns, _excluded(columns)),
        insert_new=lambda table, columns: _sqlite(table, columns, "ON CONFLICT DO NOTHING"),
        among="SELECT value FROM json_each(%s)",
        text_of=_sqlite_text,
    ),
    "postgresql": Dialect(
        upsert=lambda table, columns: _postgresql(table, columns, _excluded(columns)),
        insert_new=lambda table, columns: _postgresql(table, columns, "ON CONFLICT DO NOTHING"),
        among="SELECT value::bigint FROM jsonb_array_elements_text(%s::jsonb) AS key (value)",
        text_of=_common_text,
    ),
    "mysql": Dialect(
        upsert=lambda table, columns: _mysql(table, columns, _values(columns)),
        insert_new=lambda table, columns: _mysql(table, columns, _nothing(columns)),
        among="SELECT k FROM JSON_TABLE(%s, '$[*]' COLUMNS (k BIGINT PATH '$')) AS keys_given",
        text_of=_mysql_text,
    ),
}
