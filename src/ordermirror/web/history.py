"""The changes of an order, newest first, told together when one read found them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby

from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.fields import ExactDecimalField
from ordermirror.models import OrderChange, OrderLine, SalesOrder
from ordermirror.web import formats

MOST = 300
Kind = OrderChange.Kind
ICONS = {
    Kind.ORDER_CREATED: "added",
    Kind.HEADER: "changed",
    Kind.LINE_ADDED: "added",
    Kind.LINE_CHANGED: "changed",
    Kind.LINE_REMOVED: "taken",
    Kind.LINE_RETURNED: "added",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change. `subject` is the line or nothing; None in `old` or `new`: there was no value."""

    icon: str
    subject: str
    what: str
    compares: bool
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one read found; it happened within `window`."""

    window: str
    run_id: int | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    blocks: tuple[Block, ...]
    cut: bool


def read_history(order: SalesOrder, places: Mapping[int, str], *, now: datetime) -> History:
    """One statement. `places` are the numbers that people see on the lines."""
    changes = list(OrderChange.objects.filter(order=order).order_by("-id")[: MOST + 1])
    together = groupby(changes[:MOST], key=lambda c: (c.run_id, c.read_from, c.read_to))
    blocks = (
        Block(
            window=window_text(read_from, read_to, now),
            run_id=run_id,
            entries=tuple(_entry(change, places) for change in reversed(list(found))),
        )
        for (run_id, read_from, read_to), found in together
    )
    return History(blocks=tuple(blocks), cut=len(changes) > MOST)


def window_text(read_from: datetime | None, read_to: datetime, now: datetime) -> str:
    """Between which two reads it happened; the day is said once, and only when it is not today."""
    if read_from is None:
        return _("read at %(at)s") % {"at": formats.clock(read_to, now)}
    start, end = timezone.localtime(read_from), timezone.localtime(read_to)
    if start.date() != end.date():
        texts = {"start": f"{start:%Y-%m-%d %H:%M}", "end": f"{end:%Y-%m-%d %H:%M}"}
        return _("between %(start)s and %(end)s") % texts
    window = _("between %(start)s and %(end)s") % {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    return window if end.date() == timezone.localtime(now).date() else f"{end:%Y-%m-%d}, {window}"


def _entry(change: OrderChange, places: Mapping[int, str]) -> Entry:
    kind = Kind(change.kind)
    compares = kind in (Kind.HEADER, Kind.LINE_CHANGED)
    subject = ""
    if change.line_num is not None:
        place = places.get(change.line_num, str(change.line_num + 1))
        subject = _("Line %(place)s") % {"place": place}
    fields = NUMBERS[OrderLine if kind == Kind.LINE_CHANGED else SalesOrder]
    grouped = change.field in fields
    return Entry(
        icon=ICONS[kind],
        subject=subject,
        what=change.field.replace("_", " ") if compares else _happened(kind),
        compares=compares,
        old=_shown(change.old, grouped=grouped),
        new=_shown(change.new, grouped=grouped),
    )


def _happened(kind: OrderChange.Kind) -> str:
    return {
        Kind.ORDER_CREATED: _("First seen"),
        Kind.LINE_ADDED: _("added"),
        Kind.LINE_REMOVED: _("removed"),
        Kind.LINE_RETURNED: _("returned"),
    }.get(kind, kind.label)


def _shown(text: str | None, *, grouped: bool) -> str | None:
    if text is None or not grouped:
        return text
    try:
        return formats.quantity(Decimal(text))
    except InvalidOperation:
        return text


def _numbers(model: type[OrderLine] | type[SalesOrder]) -> frozenset[str]:
    fields = model._meta.get_fields()
    return frozenset(field.name for field in fields if isinstance(field, ExactDecimalField))


NUMBERS = {model: _numbers(model) for model in (SalesOrder, OrderLine)}
"""The fields whose texts are amounts or quantities, and read better with grouped digits."""
