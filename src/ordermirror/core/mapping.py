"""Which version of the mapping read an order, and what to make of it when an older one did. Pure.

A document that SAP has not changed may be read differently by a newer mapping. What then differs
is written when the order is read anyway, and is no business change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from ordermirror.core.diff import Fate, OrderDiff, diff_order
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, Order, OrderLine

Values = TypeVar("Values", Order, OrderLine)

VERSION = 1
"""Rises when a document, or what is computed from it, is read differently than before."""

REMAPPED_FIELDS: dict[int, frozenset[str]] = {}
"""By version, the fields that it reads differently: `card_name`, or `lines.price` of a line."""


def as_read_now(stored: Order, fetched: Order, version: int) -> Order:
    """An order that was read by an older version, as if today's had read it.

    The fields that changed their meaning since are taken from the fetched order, so that a true
    change of theirs is lost to the history.
    """
    newer = (fields for number, fields in REMAPPED_FIELDS.items() if number > version)
    remapped = frozenset[str]().union(*newer)
    now = {line.line_num: line for line in fetched.lines}
    names = [name for name in LINE_FIELDS if f"lines.{name}" in remapped]
    lines = tuple(_taken(line, now.get(line.line_num, line), names) for line in stored.lines)
    header = [name for name in HEADER_FIELDS if name in remapped]
    return _taken(stored, fetched, header)._replace(lines=lines)


def without_remapping(
    diff: OrderDiff, as_now: Order, fetched: Order, removed: Collection[OrderLine]
) -> OrderDiff:
    """`diff` says what must be written; the news are how `as_now` differs from what was fetched."""
    news = diff_order(as_now, fetched, removed)
    only_remapped = diff.fate is not Fate.UNCHANGED and news.fate is Fate.UNCHANGED
    return replace(diff, fate=Fate.REMAPPED if only_remapped else news.fate, changes=news.changes)


def with_all_lines(diff: OrderDiff, fetched: Order) -> OrderDiff:
    """The same, and every line is written, since what is computed from them has changed."""
    created = set(diff.created_lines)
    kept = tuple(line for line in fetched.lines if line not in created)
    fate = Fate.REMAPPED if diff.fate is Fate.UNCHANGED else diff.fate
    return replace(diff, changed_lines=kept, fate=fate)


def _taken(into: Values, of: Values, names: Collection[str]) -> Values:
    return into._replace(**{name: getattr(of, name) for name in names})
