"""The floor: the same bytes, the same decoding, the plainest insert there is.

No keys remembered, no hashes, no history, no guard, nothing that could be resumed: what is left of
a first load when everything is left out that makes it one. Tables and indexes are the product's.
Of a quiet run, one empty answer and one SELECT are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from ordermirror.core.totals import pending_total
from ordermirror.models import Company
from ordermirror.records import HIGHEST_ENTRY, Order
from ordermirror.sap.source import FollowUpKind, Source
from ordermirror.sap.wire import decode_order
from ordermirror.store import mirror
from ordermirror.store.dialects import Row
from ordermirror.store.tables import Table

Insert = Callable[[Table, Sequence[Row]], None]


def load(company: Company, source: Source, insert: Insert) -> int:
    """Read and insert every order; returns how many rows of orders and lines that makes."""
    newest = source.newest(not_after=date.max)
    rows = 0
    for batch in source.load(after=0, highest=newest.doc_entry):
        orders = [decode_order(it.doc_entry, it.payload) for it in batch.documents]
        with transaction.atomic():
            insert(mirror.ORDERS, [_order_row(company, order) for order in orders])
            lines = [row for order in orders for row in _line_rows(company, order)]
            insert(mirror.LINES, lines)
        rows += len(orders) + len(lines)
    return rows


def stay_quiet(source: Source) -> int:
    """Ask what an empty answer is enough for, and read a row; writes none."""
    list(source.follow_ups(FollowUpKind.RETURNS, above=HIGHEST_ENTRY))
    Company.objects.exists()
    return 0


def _order_row(company: Company, order: Order) -> Row:
    return mirror.order_row(company.pk, order, pending_total(order))


def _line_rows(company: Company, order: Order) -> list[Row]:
    return mirror.line_rows(company.pk, order, order.lines, {})


def plainest(table: Table, rows: Sequence[Row]) -> None:
    columns = [str(field.column) for field in table.fields]  # type: ignore[union-attr]
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            copy = cursor.copy(f"COPY {table.name} ({names}) FROM STDIN")  # our own names
            with copy as writing:
                for row in rows:
                    writing.write_row(row)
        return
    sign = "?" if connection.vendor == "sqlite" else "%s"
    values = ", ".join([sign] * len(columns))
    sql = f"INSERT INTO {table.name} ({names}) VALUES ({values})"  # noqa: S608 - our own names
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            rows = [[_plain(value) for value in row] for row in rows]
        cursor.cursor.executemany(sql, rows)


def _plain(value: Any) -> Any:
    """What SQLite stores: whole millionths, dates as text."""
    if isinstance(value, Decimal):
        return int(str(value).replace(".", ""))
    return str(value) if isinstance(value, date) else value
