"""Reading several statements' worth of rows as they were at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of the same moment; writers are not held up.

    On SQLite by hand: Django's own transactions take the write lock there (IMMEDIATE), which
    readers must not do. Elsewhere the next transaction is raised to REPEATABLE READ.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")
    else:
        with _repeatable_read():
            yield


@contextmanager
def _repeatable_read() -> Iterator[None]:
    level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute(level)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(level)
        yield
