"""The history of changes: what, from which value to which, and between which two reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ordermirror.core.diff import Change
from ordermirror.models import OrderChange
from ordermirror.store.tables import Table

CHANGES = Table(
    OrderChange,
    ("order", "run", "kind", "field", "line_num", "old", "new", "read_from", "read_to"),
)


def add(changes: Iterable[tuple[int, int, Change, datetime | None, datetime]]) -> None:
    """Rows of order id, run id, change, when the old value was read last, when the new one was."""
    CHANGES.insert_new(
        (order, run, it.kind, it.field, it.line_num, it.old, it.new, read_from, read_to)
        for order, run, it, read_from, read_to in changes
    )
