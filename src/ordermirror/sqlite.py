"""What SQLite is taught about exact amounts: functions of our own, and `Sum` and `Avg` over them.

SQLite's SUM over integers ends the query when it passes 64 bits, and its AVG is a float. Django's
aggregates are compiled by a method named after the engine, which may be replaced; both stay as
they were for any other field.
"""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Avg, Case, Sum, When
from django.db.models.expressions import CombinedExpression, Expression
from django.db.models.sql.compiler import SQLCompiler

from ordermirror.fields import ExactDecimalField
from ordermirror.millionths import HIGHEST_INTEGER, Kept, keep, restored

FROM_DIGITS = "ordermirror_amount"
"""Makes of a text of digits what stands for that many millionths."""
_TOTAL, _SUM, _AVERAGE = "ordermirror_total", "ordermirror_sum", "ordermirror_average"
_FITS = f"BETWEEN -{HIGHEST_INTEGER} AND {HIGHEST_INTEGER}"

Compiled = tuple[str, tuple[Any, ...]]


def install() -> None:
    """Teach every SQLite connection our functions, and Django to use them."""
    Sum.as_sqlite = _sum_sql  # type: ignore[assignment, method-assign]
    Avg.as_sqlite = _average_sql  # type: ignore[assignment, method-assign]
    connection_created.connect(_teach, dispatch_uid="ordermirror.sqlite")
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            _teach(connection)


def _teach(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor != "sqlite":
        return
    database = connection.connection
    database.create_function(FROM_DIGITS, 1, _from_digits, deterministic=True)
    database.create_function(_TOTAL, 3, _total, deterministic=True)
    database.create_function(_AVERAGE, 2, _average, deterministic=True)
    database.create_aggregate(_SUM, 1, _Added)


def _from_digits(digits: str | None) -> Kept | None:
    return None if digits is None else keep(int(digits))


def _total(high: int | None, low: int | None, others: Kept | None) -> Kept | None:
    """The sum of the upper and of the lower 32 bits, and of what does not fit 64; None: no rows."""
    if high is None and others is None:
        return None
    return keep(((high or 0) << 32) + (low or 0) + (0 if others is None else restored(others)))


def _average(total: Kept | None, count: int) -> Kept | None:
    """Rounded half away from zero to a millionth, as PostgreSQL and MariaDB round."""
    if total is None:
        return None
    millionths = restored(total)
    size = (2 * abs(millionths) + count) // (2 * count)
    return keep(size if millionths >= 0 else -size)


class _Added:
    """The sum of any amounts, one by one."""

    def __init__(self) -> None:
        self.total: int | None = None

    def step(self, kept: Kept | None) -> None:
        if kept is not None:
            self.total = (self.total or 0) + restored(kept)

    def finalize(self) -> Kept | None:
        return None if self.total is None else keep(self.total)


def _sum_sql(
    aggregate: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
) -> Compiled:
    """Two native sums, of the upper and of the lower 32 bits, can't overflow below 2^31 rows.

    A function called once a group puts them together. Amounts that are no INTEGER are added by
    Python one by one, and so is a sum of distinct amounts: both are rare.
    """
    if not isinstance(aggregate._output_field_or_none, ExactDecimalField):
        plain: Compiled = super(Sum, aggregate).as_sqlite(compiler, connection, **context)
        return plain
    amount, params = _amount(aggregate, compiler)
    if aggregate.distinct:
        return f"{_SUM}(DISTINCT {amount})", params
    fits = f"FILTER (WHERE {amount} {_FITS})"
    rest = f"{_SUM}({amount}) FILTER (WHERE {amount} NOT {_FITS})"
    parts = f"SUM({amount} >> 32) {fits}, SUM({amount} & 4294967295) {fits}, {rest}"
    return f"{_TOTAL}({parts})", params * 6


def _average_sql(
    aggregate: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
) -> Compiled:
    if not isinstance(aggregate._output_field_or_none, ExactDecimalField):
        plain: Compiled = super(Avg, aggregate).as_sqlite(compiler, connection, **context)
        return plain
    amount, params = _amount(aggregate, compiler)
    total, total_params = _sum_sql(aggregate, compiler, connection)
    distinct = "DISTINCT " if aggregate.distinct else ""
    return f"{_AVERAGE}({total}, COUNT({distinct}{amount}))", (*total_params, *params)


def _amount(aggregate: Any, compiler: SQLCompiler) -> Compiled:
    """What is added for each row; NULL for rows that the aggregate's own filter leaves out."""
    source: Expression = aggregate.get_source_expressions()[0]
    if any(isinstance(part, CombinedExpression) for part in source.flatten()):
        raise NotSupportedError("SQLite has no exact arithmetic: add up in Python, or store it")
    if aggregate.filter is not None:
        condition = getattr(aggregate.filter, "condition", aggregate.filter)  # since Django 6.0
        source = Case(When(condition, then=source))
    sql, params = compiler.compile(source)
    return sql, tuple(params)
