"""The databases found at hand, and new ones in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.engines import FOUND, MISSING

SQLITE = "sqlite"
NAMES = (SQLITE, *(engine.name for engine in FOUND))
NOT_FOUND = {name: why for name, why in MISSING.items() if why}


@contextmanager
def new_database(name: str) -> Iterator[tuple[str, str]]:
    """A new, empty one: its URL, and a folder for the program that uses it."""
    with tempfile.TemporaryDirectory(prefix="ordermirror-bench-") as folder:
        if name == SQLITE:
            yield f"sqlite:///{folder}/db.sqlite3", folder
            return
        [engine] = [engine for engine in FOUND if engine.name == name]
        with engine.database() as url:
            yield url, folder
