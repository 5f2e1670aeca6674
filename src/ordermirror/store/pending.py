"""Work owed: orders that were found changed and have not been applied yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from ordermirror.models import Pending
from ordermirror.store.tables import Table, among, among_written

PENDING = Table(
    Pending,
    ("company", "doc_entry", "probe", "light_hash", "doc_num", "found_at", "not_found"),
)

PROOFS = 3
PROOF_SPAN = timedelta(hours=1)
"""An order is gone when SAP has not shown it this often, over this long."""
ASK_AGAIN = timedelta(minutes=25)


class Found(NamedTuple):
    """Which probe found an order, and the light row's hash or the number when it showed one."""

    probe: str
    light_hash: int | None = None
    doc_num: int | None = None


def add(company_id: int, found: Mapping[int, Found], *, now: datetime) -> None:
    """Owe a read of each order by DocEntry; one that is owed already stays, and may learn its
    number."""
    PENDING.insert_new((company_id, entry, *it, now, 0) for entry, it in found.items())
    for entry, it in found.items():
        if it.doc_num is not None:
            owed = Pending.objects.filter(company_id=company_id, doc_entry=entry, doc_num=None)
            owed.update(doc_num=it.doc_num)


def owed(company_id: int, *, now: datetime) -> dict[int, str]:
    """The orders that are owed a read now, ascending, each with the probe that found it."""
    due = Q(retry_at=None) | Q(retry_at__lte=now)
    rows = Pending.objects.filter(due, company_id=company_id).order_by("doc_entry")
    return dict(rows.values_list("doc_entry", "probe"))


def settle(company_id: int, doc_entries: Collection[int]) -> None:
    if not doc_entries:
        return
    Pending.objects.filter(company_id=company_id, doc_entry__in=among_written(doc_entries)).delete()


def mark_missing(company_id: int, doc_entries: Collection[int], *, now: datetime) -> set[int]:
    """Asked for by key and not shown: suspect since the first time, to be asked for again.

    Returns those that were not yet suspect.
    """
    if not doc_entries:
        return set()
    new = set()
    for row in Pending.objects.filter(company_id=company_id, doc_entry__in=among(doc_entries)):
        if row.not_found == 0:
            new.add(row.doc_entry)
        row.not_found += 1
        row.not_found_since = row.not_found_since or now
        row.retry_at = now + ASK_AGAIN
        row.save(update_fields=["not_found", "not_found_since", "retry_at"])
    return new


def proven_missing(company_id: int, *, now: datetime) -> dict[int, datetime]:
    """Orders that SAP has not shown often enough and long enough, each since when."""
    rows = Pending.objects.filter(
        company_id=company_id, not_found__gte=PROOFS, not_found_since__lte=now - PROOF_SPAN
    )
    return {
        entry: since
        for entry, since in rows.values_list("doc_entry", "not_found_since")
        if since is not None
    }


def forget(company_id: int) -> None:
    """Everything is about to be read anew."""
    Pending.objects.filter(company_id=company_id).delete()
