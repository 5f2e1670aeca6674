"""When orders were last read whole, and which are to be read again for that reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from ordermirror.core.identity import Anchor
from ordermirror.models import OrderRead, Pending, Probe, Quarantine, SalesOrder, order_id
from ordermirror.records import HIGHEST_ENTRY
from ordermirror.store.tables import among
from ordermirror.store.together import rows_of

ANCHORS_EACH_END = 3


def count(company_id: int, *, is_open: bool) -> int:
    return OrderRead.objects.filter(company_id=company_id, is_open=is_open, hidden=False).count()


def anchors(company_id: int, *, upto: int = HIGHEST_ENTRY) -> list[Anchor]:
    """The oldest and the newest orders that SAP showed when last asked for them, ascending.

    Of hidden ones, which may be gone from SAP by now, only when there are no others. `upto` is
    the highest DocEntry that is looked at.
    """
    return _anchors(company_id, upto, hidden=False) or _anchors(company_id, upto, hidden=True)


def _anchors(company_id: int, upto: int, *, hidden: bool) -> list[Anchor]:
    suspect = Pending.objects.filter(
        Q(not_found__gt=0) | Q(probe=Probe.ABSENT), company_id=company_id
    ).values("doc_entry")
    shown = OrderRead.objects.filter(pk=OuterRef("pk"), missing_since=None, hidden=hidden)
    orders = (
        SalesOrder.objects.filter(
            Exists(shown), pk__gte=order_id(company_id, 0), pk__lte=order_id(company_id, upto)
        )
        .exclude(doc_entry__in=suspect)
        .values_list(*Anchor._fields)
    )
    oldest, newest = orders.order_by("pk"), orders.order_by("-pk")
    ends = rows_of(oldest[:ANCHORS_EACH_END], newest[:ANCHORS_EACH_END])
    return [Anchor(*row) for row in sorted({*ends[0], *ends[1]})]


def numbers(company_id: int, doc_entries: Collection[int]) -> dict[int, int]:
    """DocNum of those orders of which it is known, by DocEntry."""
    known: dict[int, int] = {}
    for model in (Quarantine, Pending, SalesOrder):
        rows = model.objects.filter(company_id=company_id, doc_entry__in=among(doc_entries))
        for doc_entry, doc_num in rows.values_list("doc_entry", "doc_num"):
            if doc_num is not None:
                known[doc_entry] = doc_num
    return known


def all_entries(company_id: int) -> set[int]:
    """Every order that is stored and shown."""
    rows = OrderRead.objects.filter(company_id=company_id, hidden=False)
    return set(rows.values_list("doc_entry", flat=True))


def count_missing(company_id: int, *, is_open: bool) -> int:
    """Of the orders that SAP is known to show no more, those that were open or not at last."""
    rows = OrderRead.objects.filter(company_id=company_id, is_open=is_open, hidden=False)
    return rows.exclude(missing_since=None).count()


def mark_missing(company_id: int, since: dict[int, datetime]) -> None:
    """SAP shows these orders no more; what is known of them stays."""
    for doc_entry, moment in since.items():
        OrderRead.objects.filter(pk=order_id(company_id, doc_entry)).update(missing_since=moment)
