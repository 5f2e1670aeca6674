"""Writing many rows with one statement: INSERT … SELECT over one JSON parameter.

An array of arrays of text travels as a single parameter, so no statement meets a limit on
parameters, and the database converts each text to its column's type. Measured within 1.3 times of
the best way of SQLite, PostgreSQL and MariaDB alike, and four to ten times faster than bulk_create
(docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection, models
from django.db.models.expressions import RawSQL

from ordermirror.fields import ExactDecimalField

Row = Sequence[Any]


class Table:
    """A model's table, written in bulk. `fields` are the model's field names, the key first."""

    def __init__(self, model: type[models.Model], fields: Sequence[str]) -> None:
        self.name = model._meta.db_table
        found = [model._meta.get_field(field) for field in fields]
        self._columns = [str(field.column) for field in found]  # type: ignore[union-attr]
        self._texts = [_text_of(field) for field in found]
        self.insert_new_sql = f"{self._insert()} ON CONFLICT DO NOTHING"
        replaced = ", ".join(f"{column} = excluded.{column}" for column in self._columns[1:])
        self.upsert_sql = (
            f"{self._insert()} ON CONFLICT ({self._columns[0]}) DO UPDATE SET {replaced}"
        )

    def upsert(self, rows: Iterable[Row]) -> int:
        """Insert the rows, or replace those with the same key; returns how many."""
        return self._run(self.upsert_sql, rows)

    def insert_new(self, rows: Iterable[Row]) -> int:
        """Insert the rows and leave any that exist as they are; returns how many were given."""
        return self._run(self.insert_new_sql, rows)

    def _insert(self) -> str:
        columns = ", ".join(self._columns)
        values = ", ".join(f"value->>{place}" for place in range(len(self._columns)))
        return (
            f"INSERT INTO {self.name} ({columns}) "  # noqa: S608 - names come from the models
            f"SELECT {values} FROM json_each(%s) WHERE true"
        )

    def _run(self, sql: str, rows: Iterable[Row]) -> int:
        texts = self._texts
        data = [
            [None if value is None else text(value) for text, value in zip(texts, row, strict=True)]
            for row in rows
        ]
        if data:
            with connection.cursor() as cursor:
                cursor.execute(sql, [msgspec.json.encode(data).decode()])
        return len(data)


def among(keys: Iterable[int]) -> RawSQL:
    """Any number of keys as one parameter: `filter(id__in=among(keys))`."""
    parameter = msgspec.json.encode(list(keys)).decode()
    return RawSQL("SELECT value FROM json_each(%s)", [parameter])


def _text_of(field: Any) -> Callable[[Any], Any]:
    if isinstance(field, ExactDecimalField):
        return _millionths
    if isinstance(field, models.BooleanField):
        return int
    if isinstance(field, models.DateTimeField):
        return _moment
    return _same


def _millionths(number: Decimal) -> str:
    """What SQLite stores: the digits of a number, which has exactly six decimals, as records do."""
    return str(number).replace(".", "")


def _moment(value: datetime) -> str:
    """As Django writes it on SQLite: UTC without a zone."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


def _same(value: Any) -> Any:
    return value
