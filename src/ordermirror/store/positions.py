"""How far each probe has safely got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ordermirror.core.plan import ChangedPosition
from ordermirror.models import Position, Probe
from ordermirror.store.tables import Table

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)

_COLUMNS = tuple(field.attname for field in Position._meta.concrete_fields)
_TABLE = Table(Position, _COLUMNS)


class Positions:
    """A company's positions, as they were read; written one at a time, unless `together`."""

    def __init__(self, company_id: int, rows: Iterable[Position]) -> None:
        self._company_id = company_id
        self._together: set[Probe] | None = None
        self._rows: dict[str, Position] = {row.probe: row for row in rows}

    def first_load(self) -> FirstLoad | None:
        """None when the first load has never begun."""
        row = self._rows.get(Probe.FIRST_LOAD)
        return FirstLoad(row.doc_entry, row.completed_at is not None) if row else None

    def start_first_load(self, *, newest_stamp: date | None) -> None:
        """Begin at the first order, remembering a stamp received before the scan."""
        self._save(Probe.FIRST_LOAD, doc_entry=0, completed_at=None)
        if Probe.CHANGED not in self._rows:
            self._save(Probe.CHANGED, watermark=newest_stamp)

    def first_load_got_to(self, doc_entry: int) -> None:
        self._save(Probe.FIRST_LOAD, doc_entry=doc_entry)

    def complete_first_load(self, doc_entry: int, *, now: datetime) -> None:
        """From here on, the changed-probe finds the orders above `doc_entry`."""
        self._save(Probe.FIRST_LOAD, doc_entry=doc_entry, completed_at=now)
        if self.changed().doc_entry < doc_entry:
            self._save(Probe.CHANGED, doc_entry=doc_entry)

    def changed(self) -> ChangedPosition:
        return self.stamped(Probe.CHANGED)

    def save_changed(self, position: ChangedPosition, *, now: datetime) -> None:
        self.save_stamped(Probe.CHANGED, position, now=now)

    def stamped(self, probe: Probe) -> ChangedPosition:
        """Of a probe that asks by the day; one that was never asked has no watermark."""
        row = self._rows.get(probe)
        if row is None:
            return ChangedPosition()
        return ChangedPosition(
            watermark=row.watermark, newest_seen=row.newest_seen, doc_entry=row.doc_entry
        )

    def save_stamped(self, probe: Probe, position: ChangedPosition, *, now: datetime) -> None:
        self._save(
            probe,
            watermark=position.watermark,
            newest_seen=position.newest_seen,
            doc_entry=position.doc_entry,
            completed_at=now,
        )

    def doc_entry(self, probe: Probe) -> int | None:
        """None when the probe has never been asked."""
        row = self._rows.get(probe)
        return row.doc_entry if row else None

    def got_to(self, probe: Probe, doc_entry: int, *, now: datetime) -> None:
        self._save(probe, doc_entry=doc_entry, completed_at=now)

    def start_at(self, probe: Probe, doc_entry: int) -> None:
        self._save(probe, doc_entry=doc_entry)

    def day(self, probe: Probe) -> date | None:
        """The day that a probe has got back to; None before it has read one."""
        row = self._rows.get(probe)
        return row.watermark if row else None

    def got_back_to(self, probe: Probe, day: date | None) -> None:
        self._save(probe, watermark=day)

    def completed_at(self, probe: Probe) -> datetime | None:
        row = self._rows.get(probe)
        return row.completed_at if row else None

    def has_refreshed(self) -> bool:
        """Whether a refresh has been complete since the first load began."""
        return any(self.completed_at(probe) for probe in (Probe.CHANGED, Probe.OPEN))

    def is_due(
        self, probe: Probe, *, every: timedelta, now: datetime, begun: Probe | None = None
    ) -> bool:
        """One that was never complete is due at once, or so long after `begun` was complete."""
        completed = self.completed_at(probe)
        if completed is None and begun:
            completed = self.completed_at(begun)
        return completed is None or not now - every < completed <= now

    def waits_since(self, probe: Probe) -> datetime:
        """When it was last complete; long ago when it never was."""
        return self.completed_at(probe) or LONG_AGO

    def same_answer(self, probe: Probe, answer_hash: int) -> bool:
        """Whether the probe was answered like this the last time."""
        row = self._rows.get(probe)
        return row is not None and row.answer_hash == answer_hash

    def remember_answer(self, probe: Probe, answer_hash: int | None) -> None:
        self._save(probe, answer_hash=answer_hash)

    def complete(self, probe: Probe, *, now: datetime) -> None:
        self._save(probe, completed_at=now)

    def audit_period(self, *, longest: timedelta) -> timedelta:
        row = self._rows.get(Probe.AUDIT)
        if row is None or row.period_seconds is None:
            return longest
        return min(timedelta(seconds=row.period_seconds), longest)

    def save_audit_period(self, period: timedelta) -> None:
        self._save(Probe.AUDIT, period_seconds=int(period.total_seconds()))

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is saved inside is written at its end, with one statement."""
        self._together = set()
        try:
            yield
            self._write(self._together)
        finally:
            self._together = None

    def _save(self, probe: Probe, **values: object) -> None:
        row = self._rows.setdefault(probe, Position(company_id=self._company_id, probe=probe))
        for name, value in values.items():
            setattr(row, name, value)
        if self._together is None:
            self._write({probe})
        else:
            self._together.add(probe)

    def _write(self, probes: set[Probe]) -> None:
        rows = [self._rows[probe] for probe in sorted(probes)]
        _TABLE.upsert(
            [getattr(row, name) for name in _COLUMNS] for row in rows if row.pk is not None
        )
        for row in rows:
            if row.pk is None:
                row.save()


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """Everything up to `doc_entry` is applied, pending or set aside."""

    doc_entry: int
    complete: bool


def forget(company_id: int) -> None:
    """Begin anew: the next run is a first load."""
    Position.objects.filter(company_id=company_id).delete()
