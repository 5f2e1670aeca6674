"""Which questions a run puts to SAP, and how far a watermark may move. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

FUTURE_DAYS = 1
"""SAP's clock has no zone and may be a day ahead of ours; a stamp beyond that is dirt."""

CONFIRM_AFTER = timedelta(minutes=2)
"""An order that changed is read once more after this long. SAP's stamp counts seconds, at some
sites minutes: a second change in the same one leaves no trace in a light row."""

MISSING_AT_ONCE = 20
"""So many orders, and one in so many of the open ones, missing in one run pull the brake."""
MISSING_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often each question is put, and how much of the mirror is audited.

    A cadence of zero is every run. Within `audit_open_within` every open order has been read
    again whole, within `audit_closed_within` every other one; `audit_most` bounds one run, and
    `backfill_batches` bounds what one run loads of a scope that was widened. Of the questions with
    a cadence other than zero `aside_most` are put in one run, so that no run is much longer than
    the others; those that have waited longest come first.
    """

    sales_people_every: timedelta = timedelta(days=1)
    manufacturers_every: timedelta = timedelta(days=1)
    items_every: timedelta = timedelta(minutes=15)
    customers_every: timedelta = timedelta(minutes=15)
    deliveries_every: timedelta = timedelta(0)
    returns_every: timedelta = timedelta(minutes=15)
    invoices_every: timedelta = timedelta(minutes=15)
    credit_notes_every: timedelta = timedelta(minutes=15)
    aside_most: int = 2
    reconcile_every: timedelta = timedelta(days=1)
    audit_open_within: timedelta = timedelta(hours=24)
    audit_closed_within: timedelta = timedelta(days=30)
    audit_most: int = 100
    backfill_batches: int = 10
    recent_days: int = 3
    first_days: int = 5
    """Of a source of sets: days before today of which all orders are read in each run, and in the
    first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPosition:
    """How far the changed-probe has safely got.

    `watermark` is the day to ask from; `newest_seen` the newest stamp received so far, which
    becomes the watermark only when the next scan, begun after it was received, is complete.
    """

    watermark: date | None = None
    newest_seen: date | None = None
    doc_entry: int = 0


def ask_from(position: ChangedPosition, *, lookback_days: int) -> date | None:
    """The first day to ask for; None asks for every day."""
    if position.watermark is None:
        return None
    return position.watermark - timedelta(days=lookback_days)


def moved(
    position: ChangedPosition, *, newest_stamp: date | None, highest_entry: int, today: date
) -> ChangedPosition:
    """The position after a complete scan that received these stamps.

    The watermark moves to the newest stamp received before this scan began: a stamp received
    during it may belong to a day on which orders already passed were still being changed. It
    never moves back, and never follows a stamp from the future.
    """
    return ChangedPosition(
        watermark=_later(position.watermark, position.newest_seen),
        newest_seen=_later(position.newest_seen, believable(newest_stamp, today=today)),
        doc_entry=max(position.doc_entry, highest_entry),
    )


def days_to_read(today: date, *, days: int, completed: date | None) -> list[date]:
    """Today and `days` before, and as many before the day of the last complete reading.

    So orders that came and went while nothing was read are found too.
    """
    first = min(today, completed or today) - timedelta(days=days)
    return [first + timedelta(days=number) for number in range((today - first).days + 1)]


def believable(stamp: date | None, *, today: date) -> date | None:
    """The stamp, or None when it lies in the future."""
    if stamp is None or stamp > latest_believable(today):
        return None
    return stamp


def latest_believable(today: date) -> date:
    return today + timedelta(days=FUTURE_DAYS)


def too_many_missing(missing: int, *, orders: int) -> bool:
    """Whether so many orders are gone at once that something else must be wrong."""
    return missing > max(MISSING_AT_ONCE, orders * MISSING_SHARE)


def _later(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return max(first, second)
