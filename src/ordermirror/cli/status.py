"""`ordermirror status`: how fresh the mirror is, and what is left to do."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.utils import timezone

from ordermirror import companies, health, last_runs
from ordermirror.cli import output
from ordermirror.core.scope import Reach
from ordermirror.database import require_tables
from ordermirror.models import Company, Pending, Quarantine
from ordermirror.store import totals

STALE = 3


def run(arguments: Namespace) -> int:
    require_tables()
    told = [_facts(company) for company in _chosen(arguments.company)]
    for facts in told:
        if arguments.json:
            output.json(facts)
        else:
            shown = [(name.replace("_", " "), value) for name, value in facts.items()]
            output.pairs(f"Mirror of {facts['company_db']}", shown)
    return 0 if all(facts["fresh"] for facts in told) else STALE


def _chosen(name: str | None) -> list[Company]:
    """The company of that name, or that the environment names; all that are refreshed when neither
    says which. Raises ConfigError when there are none."""
    if name or companies.named_by_environment():
        return [companies.to_read(name)]
    refreshed = Company.objects.filter(companies.refreshed()).order_by("pk")
    return list(refreshed) or [companies.to_read()]


def _facts(company: Company) -> dict[str, Any]:
    runs = last_runs.read_of(company)
    now = timezone.now()
    found = health.of(runs, now=now)
    orders = totals.stored(company.pk)
    return {
        "company_db": company.company_db,
        "state": last_runs.state_of(runs, now=now),
        "paused": company.paused_at is not None,
        "fresh": not found.stale_because,
        "stale_because": found.stale_because,
        "data_as_of": runs.as_of.isoformat(timespec="seconds") if runs.as_of else None,
        "age_seconds": found.age_seconds,
        "last_run": runs.last_id,
        "last_outcome": runs.last_outcome or None,
        "last_problem": runs.last_problem,
        "customers": _customers(runs.reach),
        "closed_since": runs.reach.target.since.isoformat() if runs.reach.target.since else "all",
        "still_loading": runs.reach.lacks,
        "orders": sum(sums.orders for sums in orders.values()),
        "open_orders": sum(sums.orders for kind, sums in orders.items() if kind.is_open),
        "pending": Pending.objects.filter(company=company).count(),
        "quarantined": Quarantine.objects.filter(company=company).count(),
    }


def _customers(reach: Reach) -> str:
    return "all" if reach.target.customers is None else ", ".join(reach.target.customers)
