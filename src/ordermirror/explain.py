"""Why an order is shown as it is: every read that touched it, and what is known since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from ordermirror.models import (
    Company,
    OrderChange,
    OrderRead,
    Pending,
    Quarantine,
    ReadLog,
    SalesOrder,
    SyncRun,
)

MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`reasons` are sentences, the most telling first; reads and changes are the newest 50."""

    read_at: datetime
    read_by: int | None
    is_current: bool
    reasons: tuple[str, ...]
    reads: tuple[ReadLog, ...]
    changes: tuple[OrderChange, ...]


def explain(company: Company, order: SalesOrder) -> Explanation:
    read = OrderRead.objects.get(pk=order.pk)
    doubts = tuple(_doubts(company, order, read))
    reads = ReadLog.objects.filter(company=company, doc_entry=order.doc_entry).order_by("-id")
    changes = OrderChange.objects.filter(order=order).order_by("-id")
    return Explanation(
        read_at=read.read_at,
        read_by=read.run_id,
        is_current=not doubts,
        reasons=(*doubts, *_confirmations(company, read)),
        reads=tuple(reads[:MOST_ROWS]),
        changes=tuple(changes[:MOST_ROWS]),
    )


def _doubts(company: Company, order: SalesOrder, read: OrderRead) -> Iterator[str]:
    """Why what is shown may not be what SAP has now."""
    if company.conflict:
        yield f"nothing is written since {_at(company.conflict_at)}: {company.conflict}"
    held = Quarantine.objects.filter(company=company, doc_entry=order.doc_entry).first()
    if held:
        yield f"SAP's newest version could not be taken ({held.stage}): {held.reason}"
    if read.missing_since:
        yield f"SAP has not shown this order since {_at(read.missing_since)}"
    owed = Pending.objects.filter(company=company, doc_entry=order.doc_entry).first()
    if owed and owed.not_found:
        yield f"SAP did not show it {owed.not_found} times since {_at(owed.not_found_since)}"
    elif owed:
        yield f"a newer version is owed, found by the probe '{owed.get_probe_display()}'"
    last = _last_complete(company)
    if last is None:
        yield "no run has been complete yet"


def _confirmations(company: Company, read: OrderRead) -> Iterator[str]:
    """Which complete runs since the read would have shown a change."""
    since = SyncRun.objects.filter(
        company=company, outcome=SyncRun.Outcome.COMPLETE, started_at__gt=read.read_at
    )
    number = since.count()
    last = _last_complete(company)
    if number and last:
        seen = "its light row" if read.is_open else "no stamp that moved"
        yield (
            f"{number} complete runs since, the last at {_at(last.started_at)}, "
            f"saw {seen}, and no delivery, invoice, return or credit note drawn from it"
        )
    if read.confirm_at:
        yield f"it changed lately, so it is read once more after {_at(read.confirm_at)}"
    if not read.is_open:
        yield "it is not open: the audit reads it again within weeks, a stamp at once"


def _last_complete(company: Company) -> SyncRun | None:
    complete = SyncRun.objects.filter(company=company, outcome=SyncRun.Outcome.COMPLETE)
    return complete.order_by("-started_at").first()


def _at(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else "?"
