"""Work owed: orders that were found changed and have not been applied yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Value
from django.db.models.functions import Coalesce

from ordermirror.models import Pending
from ordermirror.store.tables import Table, among

PENDING = Table(Pending, ("company", "doc_entry", "probe", "light_hash", "found_at", "not_found"))


class Found(NamedTuple):
    """Which probe found an order, and the light row's hash when it showed one."""

    probe: str
    light_hash: int | None = None


def add(company_id: int, found: Mapping[int, Found], *, now: datetime) -> None:
    """Owe a read of each order by DocEntry; one that is owed already stays."""
    PENDING.insert_new((company_id, entry, *it, now, 0) for entry, it in found.items())


def owed(company_id: int) -> list[int]:
    """DocEntry of every order that is owed a read, ascending."""
    rows = Pending.objects.filter(company_id=company_id).order_by("doc_entry")
    return list(rows.values_list("doc_entry", flat=True))


def settle(company_id: int, doc_entries: Collection[int]) -> None:
    Pending.objects.filter(company_id=company_id, doc_entry__in=among(doc_entries)).delete()


def mark_missing(company_id: int, doc_entries: Collection[int], *, now: datetime) -> None:
    """Asked for by key and not shown: still owed, and suspect since the first time."""
    if doc_entries:
        Pending.objects.filter(company_id=company_id, doc_entry__in=among(doc_entries)).update(
            not_found=F("not_found") + 1, not_found_since=Coalesce("not_found_since", Value(now))
        )
