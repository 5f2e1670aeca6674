"""What differs between an order as it is stored and as SAP answered it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ordermirror.errors import BadOrder
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, OPEN, Order, OrderLine

STAMPS = frozenset({"update_date", "update_time"})
"""SAP's own change stamps: mirrored, but no news by themselves."""


class Fate(StrEnum):
    """What happened to an order, told once: each applied order has exactly one."""

    CREATED = "created"
    CHANGED = "changed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    REMAPPED = "remapped"
    """Read differently by a newer mapping, and nothing else."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field from `old` to `new`, as text; `kind` is a value of OrderChange.Kind."""

    kind: str
    field: str
    old: str | None
    new: str | None
    line_num: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDiff:
    """What must be written so that the stored order equals the fetched one."""

    fate: Fate
    header_changed: bool
    created_lines: tuple[OrderLine, ...] = ()
    changed_lines: tuple[OrderLine, ...] = ()
    removed_line_nums: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()


def diff_new(fetched: Order) -> OrderDiff:
    """Raises BadOrder for an order without lines; SAP has none, so it is half an answer."""
    if not fetched.lines:
        raise BadOrder(fetched.doc_entry, "diff", "SAP sent an order without lines")
    return OrderDiff(
        fate=Fate.CREATED,
        header_changed=True,
        created_lines=fetched.lines,
        changes=(Change(kind="order_created", field="order", old=None, new=None),),
    )


def diff_order(stored: Order, fetched: Order, removed: Collection[OrderLine] = ()) -> OrderDiff:
    """Compare an order with its stored version.

    `stored.lines` are the stored lines that SAP still sends, `removed` those marked as removed.
    Raises BadOrder when an order that has lines comes without any: SAP has no orders without
    lines, so such a document is half an answer, and the lines stay as they are.
    """
    if stored.lines and not fetched.lines:
        raise BadOrder(fetched.doc_entry, "diff", "SAP sent an order that has lines without them")
    before = {line.line_num: line for line in stored.lines}
    gone = {line.line_num: line for line in removed}
    created, changed, changes = [], [], list(_header_changes(stored, fetched))
    for line in fetched.lines:
        old = before.pop(line.line_num, None)
        if old == line:
            continue
        if old is None:
            created.append(line)
            changes += _appeared(line, gone.get(line.line_num))
        else:
            changed.append(line)
            changes += _line_changes(old, line)
    changes += [_removed(line) for line in before.values()]
    header_changed = stored[:-1] != fetched[:-1]
    touched = header_changed or bool(created or changed or before)
    return OrderDiff(
        fate=_fate(stored, fetched) if touched else Fate.UNCHANGED,
        header_changed=header_changed,
        created_lines=tuple(created),
        changed_lines=tuple(changed),
        removed_line_nums=tuple(before),
        changes=tuple(changes),
    )


def _fate(stored: Order, fetched: Order) -> Fate:
    if fetched.cancelled and not stored.cancelled:
        return Fate.CANCELLED
    was_open, is_open = stored.document_status == OPEN, fetched.document_status == OPEN
    if was_open and not is_open:
        return Fate.CLOSED
    return Fate.REOPENED if is_open and not was_open else Fate.CHANGED


def _header_changes(stored: Order, fetched: Order) -> Iterator[Change]:
    for field, old, new in zip(HEADER_FIELDS, stored, fetched, strict=False):
        if old != new and field not in STAMPS:
            yield Change(kind="header", field=field, old=as_text(old), new=as_text(new))


def _line_changes(stored: OrderLine, fetched: OrderLine) -> Iterator[Change]:
    for field, old, new in zip(LINE_FIELDS, stored, fetched, strict=True):
        if old != new:
            yield Change(
                kind="line_changed",
                field=field,
                old=as_text(old),
                new=as_text(new),
                line_num=fetched.line_num,
            )


def _appeared(line: OrderLine, removed: OrderLine | None) -> Iterator[Change]:
    kind = "line_added" if removed is None else "line_returned"
    yield Change(kind=kind, field="line", old=None, new=_summary(line), line_num=line.line_num)


def _removed(line: OrderLine) -> Change:
    return Change(
        kind="line_removed", field="line", old=_summary(line), new=None, line_num=line.line_num
    )


def _summary(line: OrderLine) -> str:
    what = line.item_code or line.item_description or "line"
    return f"{what} x {as_text(line.quantity) or '?'}"


def as_text(value: object) -> str | None:
    """A mirrored value as exact text: 12.5, 2026-11-20, true. None stays None."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(number: Decimal) -> str:
    """Without exponent or needless zeros: 1050, 0.5."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
