"""The pretend company's data: tables of documents and master data, and SAP's clock.

A row is a plain dict with SAP's property names. Its values are typed `Any` since a sandbox must be
able to hold what no real SAP should answer.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from threading import RLock
from typing import Any, Final, TypeAlias

from ordermirror.sandbox.metadata import ENTITY_SETS

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = Any  # int or str; kept loose since a filter may compare either

_OPENING = time(9)


class _Delete:
    def __repr__(self) -> str:
        return "DELETE"


DELETE: Final = _Delete()
"""As the value of a property: the property is left out of the answer altogether."""


class Table:
    """The rows of one entity set, with their keys in ascending order.

    `version` moves with every change, so that what was derived from the rows can be kept.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.key_property = ENTITY_SETS[name][1]
        self.keys: list[Key] = []
        self.version = 0
        self.on_touch: Callable[[Key], None] = lambda key: None
        self._rows: dict[Key, Row] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def __getitem__(self, key: Key) -> Row:
        return self._rows[key]

    def __iter__(self) -> Iterator[Row]:
        return (self._rows[key] for key in self.keys)

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def add(self, row: Row) -> None:
        key = row[self.key_property]
        if key in self._rows:
            raise ValueError(f"{self.name} already has a row {key!r}")
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
        else:
            insort(self.keys, key)
        self._rows[key] = row
        self.version += 1

    def remove(self, key: Key) -> None:
        del self._rows[key]
        del self.keys[bisect_left(self.keys, key)]
        self.touch(key)

    def touch(self, key: Key) -> None:
        """Say that a row was changed in place."""
        self.version += 1
        self.on_touch(key)


class Company:
    """All tables of a company database, one lock for them, and the SAP server's local time."""

    def __init__(self, *, today: date | None) -> None:
        self.lock = RLock()
        self.tables = {name: Table(name) for name in ENTITY_SETS}
        self.delivered: dict[int, dict[int, Decimal]] = {}
        """Of partly delivered orders: DocEntry -> LineNum -> quantity delivered so far."""
        self.closed_by_hand: set[int] = set()
        self.odd: set[int] = set()
        """Orders made to show odd values: no further business is done with them."""
        self._start = datetime.combine(today, _OPENING) if today else None
        self._passed = timedelta()

    @property
    def orders(self) -> Table:
        return self.tables["Orders"]

    @property
    def follows_real_clock(self) -> bool:
        return self._start is None

    @property
    def now(self) -> datetime:
        """SAP's clock: local, without a zone, to the second."""
        start = self._start or datetime.now().replace(microsecond=0)
        return start + self._passed

    def advance(self, by: timedelta) -> None:
        self._passed += by

    def next_entry(self, table: str) -> int:
        keys = self.tables[table].keys
        return int(keys[-1]) + 1 if keys else 1

    def stamp(self, row: Row) -> None:
        """What SAP writes on a row when it says that it was updated."""
        now = self.now
        row["UpdateDate"] = now.date()
        row["UpdateTime"] = now.strftime("%H:%M:%S")


def copy_of(row: Row) -> Row:
    """A copy a caller may change: lines are copied too, deleted properties are left out."""
    return {name: _copied(value) for name, value in row.items() if value is not DELETE}


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items() if each is not DELETE}
    return value
