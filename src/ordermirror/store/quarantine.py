"""Documents that could not be taken, set aside with the reason until they can."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from ordermirror.models import Pending, Quarantine
from ordermirror.store.tables import among, among_written

FIRST_RETRY = timedelta(minutes=15)
LONGEST_RETRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was set aside: at which stage, and why."""

    doc_entry: int
    stage: str
    reason: str
    payload_hash: int
    doc_num: int | None = None


def add(company_id: int, refused: Sequence[Refused], *, now: datetime) -> None:
    """Set documents aside; one refused before waits twice as long for its next try.

    To be called before the documents' pending rows are settled: they know the light rows.
    """
    if not refused:
        return
    owed = Pending.objects.filter(
        company_id=company_id, doc_entry__in=among(item.doc_entry for item in refused)
    )
    lights = dict(owed.values_list("doc_entry", "light_hash"))
    for item in refused:
        row, _ = Quarantine.objects.get_or_create(
            company_id=company_id,
            doc_entry=item.doc_entry,
            defaults={
                "payload_hash": item.payload_hash,
                "first_seen_at": now,
                "last_seen_at": now,
                "retry_at": now,
                "attempts": 0,
            },
        )
        row.attempts += 1
        row.stage, row.reason, row.payload_hash = item.stage, item.reason, item.payload_hash
        row.light_hash, row.last_seen_at = lights.get(item.doc_entry), now
        row.doc_num = item.doc_num
        row.retry_at = now + min(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
        row.save()


def release(company_id: int, doc_entries: Collection[int]) -> None:
    """Forget what was held against documents that have now been taken."""
    if not doc_entries:
        return
    held = Quarantine.objects.filter(company_id=company_id)
    held.filter(doc_entry__in=among_written(doc_entries)).delete()


def waiting(company_id: int, hashes: Mapping[int, int], *, now: datetime) -> set[int]:
    """Of these documents by DocEntry with their hashes, those that were refused as they are and
    whose next try is not due yet."""
    rows = Quarantine.objects.filter(
        company_id=company_id, doc_entry__in=among(hashes), retry_at__gt=now
    )
    return {
        doc_entry
        for doc_entry, refused in rows.values_list("doc_entry", "payload_hash")
        if hashes[doc_entry] == refused
    }


def note_light_hashes(company_id: int, lights: dict[int, int]) -> None:
    """Remember what the light rows of set-aside orders said, to see when they change."""
    for row in Quarantine.objects.filter(company_id=company_id, doc_entry__in=among(lights)):
        if row.light_hash != lights[row.doc_entry]:
            row.light_hash = lights[row.doc_entry]
            row.save(update_fields=["light_hash"])


def retry_now(company_id: int, doc_entries: Collection[int]) -> int:
    """Let the next run try these documents again; returns how many there are."""
    held = Quarantine.objects.filter(company_id=company_id)
    return held.filter(doc_entry__in=among_written(doc_entries)).update(retry_at=F("last_seen_at"))
