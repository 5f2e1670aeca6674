"""*bulk_create*: a first load as Django itself would write it.

The same bytes, decoding and tables as the floor's, each page upserted with
`bulk_create(update_conflicts=True)`, so that it could be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from ordermirror.store.dialects import Row
from ordermirror.store.tables import Table

ROWS_AT_ONCE = 1_000


def upsert(table: Table, rows: Sequence[Row]) -> None:
    key, *others = [field.name for field in table.fields]
    named = connection.features.supports_update_conflicts_with_target
    _manager(table).bulk_create(
        [_object(table, row) for row in rows],
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        update_fields=others,
        unique_fields=[key] if named else None,
    )


def _manager(table: Table) -> Any:
    return table.model._default_manager


def _object(table: Table, row: Row) -> models.Model:
    names = (field.attname for field in table.fields)  # type: ignore[union-attr]
    return table.model(**dict(zip(names, row, strict=True)))
