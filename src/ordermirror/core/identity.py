"""Is this still the company that is mirrored, and in the state we knew? Pure.

Anchors are a few stored orders, the oldest and the newest, with fields that SAP never changes. A
company swapped under the same name shows other orders under their numbers; a source restored from
a backup has lost the newest ones, and hands their numbers out again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ordermirror.records import Order


class Anchor(NamedTuple):
    """The fields of an order that never change."""

    doc_entry: int
    doc_num: int
    creation_date: date | None


def anchor_of(order: Order) -> Anchor:
    return Anchor(order.doc_entry, order.doc_num, order.creation_date)


def told_apart(was: Anchor, now: Anchor) -> str:
    return (
        f"order {was.doc_num} (DocEntry {was.doc_entry}, created {was.creation_date}) is now "
        f"{now.doc_num}, created {now.creation_date}: this is another company, or one restored "
        "from a backup"
    )


def conflict(stored: Sequence[Anchor], answered: Mapping[int, Anchor]) -> str:
    """Why writing must stop, or "" when all is well.

    `stored` is ascending by DocEntry; `answered` is what a complete answer showed of them. A
    single anchor that is missing is a matter of absence, not of identity.
    """
    for anchor in stored:
        now = answered.get(anchor.doc_entry)
        if now is not None and now != anchor:
            return told_apart(anchor, now)
    missing = [anchor for anchor in stored if anchor.doc_entry not in answered]
    if stored and len(missing) == len(stored):
        return (
            f"none of {len(stored)} known orders can be read: this is another company, "
            "or the SAP user may no longer read sales orders"
        )
    newest = stored[len(stored) // 2 :]
    if len(newest) > 1 and all(anchor in missing for anchor in newest):
        return (
            f"the newest known orders ({', '.join(str(it.doc_num) for it in newest)}) are gone: "
            "the company was restored from a backup"
        )
    return ""
