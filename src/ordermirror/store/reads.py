"""When orders were last read whole, and which are to be read again for that reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ordermirror.core.identity import Anchor
from ordermirror.models import OrderRead, Pending, Probe, Quarantine, SalesOrder, order_id
from ordermirror.records import HIGHEST_ENTRY
from ordermirror.store.tables import among
from ordermirror.store.together import rows_of

ANCHORS_EACH_END = 3


def count(company_id: int, *, is_open: bool) -> int:
    return OrderRead.objects.filter(company_id=company_id, is_open=is_open, hidden=False).count()


def posted_within(company_id: int, first: date, last: date, *, most: int) -> list[int]:
    """DocEntry of the stored orders that were posted on these days, ascending."""
    orders = SalesOrder.objects.shown().filter(
        company_id=company_id, listed_on__gte=first, listed_on__lte=last
    )
    return sorted(
        orders.order_by("listed_on", "doc_entry").values_list("doc_entry", flat=True)[:most]
    )


def oldest_audited() -> Subquery:
    """When the open order was read that was read longest ago, as an annotation of companies.

    A few steps along the index `read_company_open` for each. Orders that wait or are set aside
    have times of their own, and are left out as by the audit.
    """
    audited = _open_of_row()
    for model in (Pending, Quarantine):
        waits = model.objects.filter(company=OuterRef("company"), doc_entry=OuterRef("doc_entry"))
        audited = audited.exclude(Exists(waits))
    return Subquery(audited.order_by("read_at").values("read_at")[:1])


def open_orders() -> Coalesce:
    """How many there are, as an annotation of companies; a range of the same index."""
    counted = _open_of_row().order_by().values("company").annotate(it=Count("pk")).values("it")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _open_of_row() -> QuerySet[OrderRead]:
    """`in`, since SQLite takes no index for a column that is a condition by itself."""
    return OrderRead.objects.filter(
        company=OuterRef("pk"), is_open__in=(True,), hidden__in=(False,)
    )


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


def doubt_hidden(company_id: int, *, since: datetime) -> None:
    """Nobody knows whether SAP still shows the orders that are hidden here."""
    OrderRead.objects.filter(company_id=company_id, hidden=True).update(missing_since=since)


def mark_missing(company_id: int, since: dict[int, datetime]) -> None:
    """SAP shows these orders no more; what is known of them stays."""
    for doc_entry, moment in since.items():
        OrderRead.objects.filter(pk=order_id(company_id, doc_entry)).update(missing_since=moment)
