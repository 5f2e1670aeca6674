"""Which questions a run puts to SAP, and how far a watermark may move. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

FUTURE_DAYS = 1
"""SAP's clock has no zone and may be a day ahead of ours; a stamp beyond that is dirt."""


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


def believable(stamp: date | None, *, today: date) -> date | None:
    """The stamp, or None when it lies in the future."""
    if stamp is None or stamp > today + timedelta(days=FUTURE_DAYS):
        return None
    return stamp


def _later(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return max(first, second)
