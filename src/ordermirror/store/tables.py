"""Writing many rows at once, the way that each database takes them fastest (docs/decisions.md).

No statement meets a limit on parameters or packets, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

import msgspec
from django.db import connection, models
from django.db.models.expressions import RawSQL

from ordermirror.core.chunks import in_chunks
from ordermirror.store.dialects import Column, Row, column_of, dialect_of, needs_width, wide

ROWS_A_STATEMENT = 2000
"""About 1 MB of lines: below every packet limit, and no engine gains by more."""


class Table:
    """A model's table, written in bulk. `fields` are the model's field names, the key first."""

    def __init__(self, model: type[models.Model], fields: Sequence[str]) -> None:
        self.model = model
        self.name = model._meta.db_table
        self.fields = [model._meta.get_field(field) for field in fields]

    def insert(self, rows: Iterable[Row]) -> int:
        """Insert rows of which none is there yet, a tenth cheaper; returns how many."""
        return self._run(rows, "")

    def upsert(self, rows: Iterable[Row]) -> int:
        """Insert the rows, or replace those with the same key; returns how many."""
        return self._run(rows, dialect_of(connection).or_replace(self._columns))

    def insert_new(self, rows: Iterable[Row]) -> int:
        """Insert the rows and leave any that exist as they are; returns how many were given."""
        return self._run(rows, dialect_of(connection).or_leave(self._columns))

    @cached_property
    def _columns(self) -> list[Column]:
        return [column_of(connection, field) for field in self.fields]  # type: ignore[arg-type]

    @cached_property
    def _wide_columns(self) -> list[Column]:
        return [wide(column) for column in self._columns]

    def _run(self, rows: Iterable[Row], conflict: str) -> int:
        given, dialect = list(rows), dialect_of(connection)
        for chunk in in_chunks(given, ROWS_A_STATEMENT):
            values = list(zip(*chunk, strict=True))
            columns = self._columns
            if any(map(needs_width, columns, values)):
                columns = self._wide_columns
            if any(column.text for column in columns):
                chunk = list(zip(*map(_texts, columns, values), strict=True))
            with connection.cursor() as cursor:
                dialect.write(cursor, dialect.statement(self.name, columns, conflict), chunk)
        return len(given)


def _texts(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    text = column.text
    return values if text is None else [None if it is None else text(it) for it in values]


def hashed(text: str) -> int:
    """A key made of a text, so that writing needs no look-up."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def among(keys: Iterable[int]) -> RawSQL:
    """Any number of keys as one parameter: `filter(id__in=among(keys))`."""
    parameter = msgspec.json.encode(list(keys)).decode()
    return RawSQL(dialect_of(connection).among, [parameter])  # noqa: S611 - a parameter


def among_written(keys: Iterable[int]) -> RawSQL | list[int]:
    """The same for an UPDATE or DELETE, where MariaDB and MySQL take no index for a subquery: they
    would read the whole table. There the keys are spelled out."""
    given = list(keys)
    return given if dialect_of(connection).spells_out_written else among(given)
