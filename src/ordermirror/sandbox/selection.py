"""Which rows a filter selects, and in which order, without looking at more rows than needed.

Ranges and lists of the key are answered from the sorted keys. What the rest of a filter selects
is found once and kept until the table changes, so that walking 100,000 rows page by page costs
one evaluation of the filter, not one a page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from ordermirror.sandbox.company import DELETE, Key, Row, Table
from ordermirror.sandbox.metadata import EntityType, Property
from ordermirror.sandbox.odata import And, Comparison, Node, Or, conjuncts
from ordermirror.sandbox.predicate import compiled, literal_value
from ordermirror.sandbox.query import Query

_KEPT_SELECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some of the keys: those from `start` up to `stop`."""

    keys: Sequence[Key]
    start: int
    stop: int
    backwards: bool = False

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def page(self, skip: int, limit: int) -> list[Key]:
        size = max(0, min(limit, len(self) - skip))
        if self.backwards:
            last = self.stop - skip
            return list(self.keys[last - size : last][::-1]) if size else []
        first = self.start + skip
        return list(self.keys[first : first + size])


class Selector:
    """Answers queries on one table."""

    def __init__(self, table: Table, entity: EntityType, *, time_filter: str, shuffle: bool):
        self.table = table
        self._entity = entity
        self._key = entity.properties[table.key_property]
        self._time_filter = time_filter
        self._shuffle = shuffle
        self._version = -1
        self._kept: OrderedDict[Any, list[Key]] = OrderedDict()

    def select(self, query: Query) -> Window:
        window = self._filtered(query.filter)
        if not query.orderby:
            return self._without_order(window)
        name, descending = query.orderby[0]
        if name == self._key.name:
            return Window(
                keys=window.keys, start=window.start, stop=window.stop, backwards=descending
            )
        return self._sorted(window, query)

    def predicate(self, node: Node) -> Callable[[Row], bool | None]:
        return compiled(node, self._entity.properties, time_filter=self._time_filter)

    def _filtered(self, node: Node | None) -> Window:
        parts = conjuncts(node)
        ranges = [part for part in parts if _is_key_range(part, self._key)]
        chains = [part for part in parts if _is_key_chain(part, self._key)]
        others = tuple(part for part in parts if part not in ranges and part not in chains)
        if chains:
            keys = self._among(chains, others)
        elif others:
            keys = self._matching(others)
        else:
            keys = self.table.keys
        start, stop = self._bounds(keys, ranges)
        return Window(keys=keys, start=start, stop=stop)

    def _among(self, chains: list[Node], others: tuple[Node, ...]) -> list[Key]:
        wanted = set.intersection(*({*_chained_keys(chain, self._key)} for chain in chains))
        keys = sorted(key for key in wanted if key in self.table)
        if not others:
            return keys
        predicate = self.predicate(And(others))
        return [key for key in keys if predicate(self.table[key]) is True]

    def _matching(self, others: tuple[Node, ...]) -> list[Key]:
        if self._version != self.table.version:
            self._kept.clear()
            self._version = self.table.version
        kept = self._kept.get(others)
        if kept is None:
            predicate = self.predicate(And(others))
            table = self.table
            kept = [key for key in table.keys if predicate(table[key]) is True]
            self._keep(others, kept)
        return kept

    def _keep(self, name: Any, keys: list[Key]) -> None:
        self._kept[name] = keys
        if len(self._kept) > _KEPT_SELECTIONS:
            self._kept.popitem(last=False)

    def _bounds(self, keys: Sequence[Key], ranges: list[Node]) -> tuple[int, int]:
        start, stop = 0, len(keys)
        for part in ranges:
            assert isinstance(part, Comparison)  # noqa: S101  narrowed by _is_key_range
            value = literal_value(part.literal, self._key)
            if part.operator in ("gt", "ge"):
                bisect = bisect_right if part.operator == "gt" else bisect_left
                start = max(start, bisect(keys, value))
            else:
                bisect = bisect_left if part.operator == "lt" else bisect_right
                stop = min(stop, bisect(keys, value))
        return start, max(start, stop)

    def _without_order(self, window: Window) -> Window:
        if not self._shuffle:
            return window
        keys = list(window.keys[window.start : window.stop])
        Random(len(keys)).shuffle(keys)  # the same each time, so that pages still fit together
        return Window(keys=keys, start=0, stop=len(keys))

    def _sorted(self, window: Window, query: Query) -> Window:
        keys = list(window.keys[window.start : window.stop])
        for name, descending in reversed(query.orderby):
            default = self._entity.properties[name].default
            order = _order_of(self.table, name, default)
            keys.sort(key=order, reverse=descending)
        return Window(keys=keys, start=0, stop=len(keys))


def rank(value: Any) -> tuple[int, Any]:
    """Nulls first, and kinds of values apart, so that any two can be compared."""
    if value is None or value is DELETE:
        return (0, 0)
    if isinstance(value, int | Decimal):
        return (1, value)
    return (2, value) if isinstance(value, date) else (3, str(value))


def _order_of(table: Table, name: str, default: Any) -> Callable[[Key], tuple[int, Any]]:
    return lambda key: rank(table[key].get(name, default))


def _is_key_range(node: Node, key: Property) -> bool:
    return (
        isinstance(node, Comparison)
        and node.name == key.name
        and node.operator in ("gt", "ge", "lt", "le")
        and node.literal.kind != "null"
    )


def _is_key_chain(node: Node, key: Property) -> bool:
    """`DocEntry eq 1`, or `DocEntry eq 1 or DocEntry eq 2 …`."""
    parts = node.operands if isinstance(node, Or) else (node,)
    return all(
        isinstance(part, Comparison)
        and part.name == key.name
        and part.operator == "eq"
        and part.literal.kind != "null"
        for part in parts
    )


def _chained_keys(node: Node, key: Property) -> list[Key]:
    parts = node.operands if isinstance(node, Or) else (node,)
    return [literal_value(part.literal, key) for part in parts if isinstance(part, Comparison)]
