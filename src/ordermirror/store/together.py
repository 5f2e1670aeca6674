"""Several small questions to the database in one statement."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet


def rows_of(*questions: QuerySet[Any, Any]) -> list[list[tuple[Any, ...]]]:
    """The rows of each question, which are of one moment.

    Each is a `values_list`, sliced or not, of as many columns of the same kinds as the first.
    As derived tables all databases take them; `QuerySet.union` refuses sliced ones on SQLite.
    """
    asked: list[tuple[int, str, tuple[Any, ...]]] = []
    for place, question in enumerate(questions):
        with suppress(EmptyResultSet):  # a slice of no rows
            asked.append((place, *question.query.sql_with_params()))
    rows: list[list[tuple[Any, ...]]] = [[] for _ in questions]
    if not asked:
        return rows
    parts = (
        f"SELECT {place} AS place, q{place}.* FROM ({sql}) q{place}"  # noqa: S608 - Django's own
        for place, sql, _ in asked
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [it for _, _, some in asked for it in some])
        found = cursor.fetchall()
    for (place, *_), values in zip(found, _as_python(questions[asked[0][0]], found), strict=True):
        rows[place].append(tuple(values))
    return rows


def _as_python(question: QuerySet[Any, Any], found: list[tuple[Any, ...]]) -> list[Any]:
    """The columns after the first as Django would hand them out: SQLite keeps dates as texts."""
    compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.as_sql()
    converters = compiler.get_converters([column[0] for column in compiler.select])
    return list(compiler.apply_converters([row[1:] for row in found], converters))
