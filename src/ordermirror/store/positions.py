"""How far each probe has safely got."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ordermirror.core.plan import ChangedPosition
from ordermirror.models import Position, Probe


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """Everything up to `doc_entry` is applied, pending or set aside."""

    doc_entry: int
    complete: bool


def first_load(company_id: int) -> FirstLoad | None:
    """None when the first load has never begun."""
    row = Position.objects.filter(company_id=company_id, probe=Probe.FIRST_LOAD).first()
    return FirstLoad(row.doc_entry, row.completed_at is not None) if row else None


def start_first_load(company_id: int, *, newest_stamp: date | None) -> None:
    """Begin at the first order, remembering a stamp received before the scan."""
    _save(company_id, Probe.FIRST_LOAD, doc_entry=0, completed_at=None)
    Position.objects.get_or_create(
        company_id=company_id, probe=Probe.CHANGED, defaults={"watermark": newest_stamp}
    )


def first_load_got_to(company_id: int, doc_entry: int) -> None:
    _save(company_id, Probe.FIRST_LOAD, doc_entry=doc_entry)


def complete_first_load(company_id: int, doc_entry: int, *, now: datetime) -> None:
    """From here on, the changed-probe finds the orders above `doc_entry`."""
    _save(company_id, Probe.FIRST_LOAD, doc_entry=doc_entry, completed_at=now)
    Position.objects.filter(
        company_id=company_id, probe=Probe.CHANGED, doc_entry__lt=doc_entry
    ).update(doc_entry=doc_entry)


def changed(company_id: int) -> ChangedPosition:
    row = Position.objects.get(company_id=company_id, probe=Probe.CHANGED)
    return ChangedPosition(
        watermark=row.watermark, newest_seen=row.newest_seen, doc_entry=row.doc_entry
    )


def save_changed(company_id: int, position: ChangedPosition, *, now: datetime) -> None:
    _save(
        company_id,
        Probe.CHANGED,
        watermark=position.watermark,
        newest_seen=position.newest_seen,
        doc_entry=position.doc_entry,
        completed_at=now,
    )


def completed_at(company_id: int, probe: Probe) -> datetime | None:
    rows = Position.objects.filter(company_id=company_id, probe=probe)
    return rows.values_list("completed_at", flat=True).first()


def complete(company_id: int, probe: Probe, *, now: datetime) -> None:
    _save(company_id, probe, completed_at=now)


def _save(company_id: int, probe: Probe, **values: object) -> None:
    rows = Position.objects.filter(company_id=company_id, probe=probe)
    if not rows.update(**values):
        Position.objects.create(company_id=company_id, probe=probe, **values)
