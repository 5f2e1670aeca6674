"""`ordermirror status`: how fresh the mirror is, and what is left to do."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.conf import settings
from django.utils import timezone

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.database import require_tables
from ordermirror.models import Company, Pending, Quarantine, SalesOrder, SyncRun


def run(arguments: Namespace) -> int:
    require_tables()
    facts = _facts(companies.to_read(settings.ORDERMIRROR))
    if arguments.json:
        output.json(facts)
    else:
        shown = [(name.replace("_", " "), value) for name, value in facts.items()]
        output.pairs(f"Mirror of {facts['company_db']}", shown)
    return 0


def _facts(company: Company) -> dict[str, Any]:
    runs = SyncRun.objects.filter(company=company).order_by("-started_at")
    complete = runs.filter(outcome=SyncRun.Outcome.COMPLETE).first()
    last = runs.first()
    orders = SalesOrder.objects.filter(company=company)
    age = timezone.now() - complete.started_at if complete else None
    return {
        "company_db": company.company_db,
        "data_as_of": complete.started_at.isoformat(timespec="seconds") if complete else None,
        "age_seconds": round(age.total_seconds()) if age else None,
        "last_run": last.pk if last else None,
        "last_outcome": last.outcome if last else None,
        "last_problem": last.problem if last else "",
        "orders": orders.count(),
        "open_orders": orders.open().count(),
        "pending": Pending.objects.filter(company=company).count(),
        "quarantined": Quarantine.objects.filter(company=company).count(),
    }
