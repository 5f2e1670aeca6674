"""One program at a time, on one machine, on every system Python runs on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def alone(file: Path, *, patience_seconds: float) -> Iterator[None]:
    """Hold the lock that `file` stands for; raises sqlite3.OperationalError after the patience.

    A lock of SQLite's own: it works everywhere alike, and dies with its holder.
    """
    with closing(sqlite3.connect(file, timeout=patience_seconds, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
