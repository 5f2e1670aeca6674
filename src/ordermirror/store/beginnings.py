"""What a run reads before it asks anything: its company, the lease, how far each probe has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists

from ordermirror.models import Company, Lease, Position, SyncRun


@dataclass(frozen=True, slots=True)
class Beginning:
    """`lease`: as it was, None when no run has begun yet. `left_running`: earlier runs stand in
    the book as running, which were killed unless one of them still holds the lease."""

    company: Company
    lease: Lease | None
    positions: Sequence[Position]
    left_running: bool


def read(company_id: int, *, run_id: int) -> Beginning:
    """One statement, once the company has been asked about before."""
    running = SyncRun.objects.filter(
        company_id=company_id, outcome=SyncRun.Outcome.RUNNING, pk__lt=run_id
    )
    rows = Position.objects.filter(company_id=company_id).select_related("company__lease")
    positions = list(rows.annotate(left_running=Exists(running)))
    if not positions:
        return Beginning(Company.objects.get(pk=company_id), None, [], running.exists())
    company, left_running = positions[0].company, positions[0].left_running
    lease: Lease | None = getattr(company, "lease", None)
    return Beginning(company, lease, positions, left_running)
