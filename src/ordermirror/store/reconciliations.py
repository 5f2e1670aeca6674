"""What is mirrored as a reconciliation sees it, and the results that are kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db.models import Count as Counting
from django.db.models import Q

from ordermirror.core import mapping
from ordermirror.core.diff import as_text
from ordermirror.core.reconcile import Count, Counted, Difference, Reconciliation, Side, Standing
from ordermirror.models import (
    OrderRead,
    Pending,
    Quarantine,
    SalesOrder,
    SalesOrderQuerySet,
    order_id,
)
from ordermirror.models import Reconciliation as Kept
from ordermirror.records import OPEN, LightOrder
from ordermirror.store.tables import among

MOST_KEPT = 200
"""Differences by their DocEntry; all of them are counted."""


def open_lights(company_id: int) -> dict[int, LightOrder]:
    """What light rows of the open orders would show; not of those that SAP shows no more."""
    rows = _shown(company_id).open().values_list(*LightOrder._fields)
    return {row[0]: LightOrder._make(row) for row in rows.iterator()}


def standings(company_id: int, doc_entries: Collection[int], *, run_id: int) -> dict[int, Standing]:
    """Of those orders of which anything is remembered, as of the run that is under way."""
    if not doc_entries:
        return {}
    entries = among(doc_entries)
    owed = set(_entries(Pending, company_id, entries))
    set_aside = set(_entries(Quarantine, company_id, entries))
    ids = among(order_id(company_id, entry) for entry in doc_entries)
    rows = OrderRead.objects.filter(id__in=ids).values_list(
        "doc_entry", "light_hash", "run_id", "mapping_version"
    )
    # What an older mapping read is read otherwise now; the audit comes to it.
    reads = {
        entry: Standing(light, by == run_id, version < mapping.VERSION)
        for entry, light, by, version in rows
    }
    return {
        entry: (it := reads.get(entry, Standing()))._replace(
            owed=it.owed or entry in owed, set_aside=entry in set_aside
        )
        for entry in reads.keys() | owed | set_aside
    }


def count(company_id: int, *, since: date | None) -> dict[Counted, int]:
    """Orders that are closed, or cancelled; back to `since` but for open ones (None: all)."""
    rows = _shown(company_id)
    if since:
        rows = rows.filter(Q(document_status=OPEN) | Q(doc_date__gte=since))
    # A status of null is neither open nor not, at SAP as here.
    closed = Q(cancelled=False) & ~Q(document_status=OPEN) & Q(document_status__isnull=False)
    found = rows.aggregate(
        closed=Counting("pk", filter=closed), cancelled=Counting("pk", filter=Q(cancelled=True))
    )
    return {Counted(name): number for name, number in found.items()}


def count_unsettled(company_id: int) -> int:
    """Orders that wait to be read, or to be taken."""
    owed = Pending.objects.filter(company_id=company_id)
    set_aside = Quarantine.objects.filter(company_id=company_id)
    only = set_aside.exclude(doc_entry__in=owed.values("doc_entry"))
    return owed.count() + only.count()


def save(company_id: int, run_id: int, result: Reconciliation, *, now: datetime) -> None:
    Kept.objects.create(
        company_id=company_id,
        run_id=run_id,
        at=now,
        differing=result.differing,
        figures=_figures(result),
    )


def newest(company_id: int) -> Kept | None:
    return Kept.objects.filter(company_id=company_id).order_by("-pk").first()


def of_run(run_id: int) -> Kept | None:
    return Kept.objects.filter(run_id=run_id).first()


def numbers(result: Kept) -> dict[int, int]:
    """DocNum of those orders that differ and are shown, by DocEntry; no statement without any."""
    entries = [it["doc_entry"] for it in result.figures["differences"]]
    if not entries:
        return {}
    ids = among(order_id(result.company_id, entry) for entry in entries)
    orders = SalesOrder.objects.shown().filter(id__in=ids)
    return dict(orders.values_list("doc_entry", "doc_num"))


def _shown(company_id: int) -> SalesOrderQuerySet:
    missing = OrderRead.objects.filter(company_id=company_id).exclude(missing_since=None)
    rows = SalesOrder.objects.shown().filter(company_id=company_id)
    return rows.exclude(pk__in=missing.values("pk"))


def _entries(model: type[Pending | Quarantine], company_id: int, entries: Any) -> Any:
    rows = model.objects.filter(company_id=company_id, doc_entry__in=entries)
    return rows.values_list("doc_entry", flat=True)


def _figures(result: Reconciliation) -> dict[str, Any]:
    """What JSON takes."""
    opened = result.open_orders
    return {
        "open": {
            "at_sap": _side(opened.at_sap),
            "here": _side(opened.here),
            "on_their_way": opened.on_their_way,
        },
        "counts": {str(kind): _count(it) for kind, it in result.counts.items()},
        "not_possible": result.not_possible,
        "differences": [_difference(it) for it in opened.differences[:MOST_KEPT]],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"orders": side.orders, "total": as_text(side.total)}


def _count(count: Count) -> dict[str, int]:
    return {**asdict(count), "difference": count.difference}


def _difference(it: Difference) -> dict[str, Any]:
    return {
        "doc_entry": it.doc_entry,
        "reason": str(it.reason),
        "at_sap": as_text(it.at_sap),
        "here": as_text(it.here),
    }
