"""When orders were last read whole, and which are to be read again for that reason."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from ordermirror.core.identity import Anchor
from ordermirror.models import OrderRead, Pending, Probe, Quarantine, SalesOrder, order_id
from ordermirror.records import HIGHEST_ENTRY

ANCHORS_EACH_END = 3


def read_longest_ago(company_id: int, *, is_open: bool, limit: int) -> list[int]:
    """DocEntry of the orders that were read longest ago, at most `limit`; the oldest of equals."""
    if limit < 1:
        return []
    reads = _not_waiting(company_id).filter(is_open=is_open)
    return list(reads.order_by("read_at", "id").values_list("doc_entry", flat=True)[:limit])


def _not_waiting(company_id: int) -> QuerySet[OrderRead]:
    """Those without a time of their own for their next read: a suspect or set-aside order would
    otherwise stay the one read longest ago, and be chosen in every run instead of the others."""
    return (
        OrderRead.objects.filter(company_id=company_id)
        .exclude(doc_entry__in=Pending.objects.filter(company_id=company_id).values("doc_entry"))
        .exclude(doc_entry__in=Quarantine.objects.filter(company_id=company_id).values("doc_entry"))
    )


def count(company_id: int, *, is_open: bool) -> int:
    return OrderRead.objects.filter(company_id=company_id, is_open=is_open).count()


def to_confirm(company_id: int, *, now: datetime) -> list[int]:
    """Orders that changed a while ago and are to be read once more."""
    reads = _not_waiting(company_id).filter(confirm_at__lte=now)
    return list(reads.values_list("doc_entry", flat=True))


def anchors(company_id: int, *, upto: int = HIGHEST_ENTRY) -> list[Anchor]:
    """The oldest and the newest orders that SAP showed when last asked for them, ascending.

    `upto` is the highest DocEntry that is looked at.
    """
    suspect = Pending.objects.filter(
        Q(not_found__gt=0) | Q(probe=Probe.ABSENT), company_id=company_id
    ).values("doc_entry")
    shown = OrderRead.objects.filter(pk=OuterRef("pk"), missing_since=None)
    orders = (
        SalesOrder.objects.filter(
            Exists(shown), pk__gte=order_id(company_id, 0), pk__lte=order_id(company_id, upto)
        )
        .exclude(doc_entry__in=suspect)
        .values_list(*Anchor._fields)
    )
    oldest, newest = orders.order_by("pk"), orders.order_by("-pk")
    ends = {*oldest[:ANCHORS_EACH_END], *newest[:ANCHORS_EACH_END]}
    return [Anchor(*row) for row in sorted(ends)]


def mark_missing(company_id: int, since: dict[int, datetime]) -> None:
    """SAP shows these orders no more; what is known of them stays."""
    for doc_entry, moment in since.items():
        OrderRead.objects.filter(pk=order_id(company_id, doc_entry)).update(missing_since=moment)
