"""Reads by key: who asked for them, what they showed, what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ordermirror.models import ReadLog
from ordermirror.store.tables import Table

READ_LOG = Table(ReadLog, ("company", "run", "doc_entry", "probe", "read_at", "decision", "detail"))


class Entry(NamedTuple):
    """A read of one order; `decision` as `ReadLog` explains it."""

    doc_entry: int
    probe: str
    read_at: datetime
    decision: str
    detail: str = ""


def add(company_id: int, run_id: int, entries: Iterable[Entry]) -> None:
    READ_LOG.insert_new((company_id, run_id, *entry) for entry in entries)
