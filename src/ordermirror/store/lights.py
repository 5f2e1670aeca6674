"""What is remembered of each order's light row: enough to see that nothing changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from ordermirror.models import OrderRead, Quarantine, order_id
from ordermirror.store.tables import among


def open_hashes(company_id: int) -> dict[int, int]:
    """The light hash of every order that is open in the mirror, by DocEntry.

    Orders that SAP is known to show no more are left out, so that they are news when it does; so
    are hidden ones, so that they are news when their customer is mirrored again.
    """
    rows = OrderRead.objects.filter(
        company_id=company_id, is_open=True, hidden=False, missing_since=None
    )
    return dict(rows.values_list("doc_entry", "light_hash"))


def hashes(company_id: int, doc_entries: Collection[int]) -> dict[int, int]:
    """The light hash of those orders that are stored and shown, by DocEntry."""
    if not doc_entries:
        return {}
    ids = among(order_id(company_id, entry) for entry in doc_entries)
    rows = OrderRead.objects.filter(id__in=ids, hidden=False, missing_since=None)
    return dict(rows.values_list("doc_entry", "light_hash"))


def not_set_aside(company_id: int, seen: Mapping[int, int], *, now: datetime) -> set[int]:
    """Of these orders with light hashes, those that are worth reading now.

    An order in quarantine is left there until its next try is due or its light row changes.
    """
    if not seen:
        return set()
    held = {
        row.doc_entry: row
        for row in Quarantine.objects.filter(company_id=company_id, doc_entry__in=among(seen))
    }
    return {
        entry
        for entry, light in seen.items()
        if (row := held.get(entry)) is None
        or row.retry_at <= now
        or row.light_hash not in (None, light)
    }
