"""`ordermirror sync`: refresh the mirror once."""

from __future__ import annotations

import logging
from argparse import Namespace

from django.utils import timezone

from ordermirror import background, companies
from ordermirror.cli import output
from ordermirror.cli.progress import progress
from ordermirror.core import report
from ordermirror.core.report import RunReport
from ordermirror.database import require_tables
from ordermirror.models import Company

EXIT_CODES = {report.COMPLETE: 0, report.INCOMPLETE: 1, report.FAILED: 1, report.BUSY: 3}


def run(arguments: Namespace) -> int:
    require_tables()
    # What the run's log line would say is printed below.
    logging.getLogger("ordermirror.sync").setLevel(logging.ERROR)
    chosen = companies.chosen(arguments.company)
    try:
        return max((_refresh(company, arguments) for company in chosen), default=0)
    finally:
        background.look()


def _refresh(company: Company, arguments: Namespace) -> int:
    companies.settings_of(company)  # what a person can mend is told before anything begins
    _say_if_quiet(company)
    with progress(f"First load of {company.company_db}", "orders") as show:
        result = companies.refresh(company, full=arguments.full, progress=show)
    if arguments.json:
        output.json(result.as_json())
    else:
        _print(company, result)
        if arguments.profile:
            _profile(result)
    if result.problem:
        output.problem(result.problem)
    return EXIT_CODES[result.outcome]


def _say_if_quiet(company: Company) -> None:
    """On standard error, where it does not disturb programs."""
    until = companies.shown(company).quiet_until(timezone.now())
    if until:
        output.errors.print(
            f"These are quiet hours, until {until:%H:%M}; SAP is asked all the same, by hand."
        )


def _print(company: Company, result: RunReport) -> None:
    orders, lines = result.orders(), result.lines
    kind = "first load" if result.first_load else "refresh"
    output.pairs(
        f"{company.company_db}, run {result.run}: {kind} {result.outcome}",
        [
            ("outcome", result.outcome),
            ("orders", _listed(orders)),
            ("lines", f"{lines.created:,} created, {lines.changed:,} changed, "
                      f"{lines.removed:,} removed"),
            ("manufacturers", f"{result.manufacturers.get('hits', 0):,} remembered, "
                              f"{result.manufacturers.get('misses', 0):,} looked up"),
            ("rows written", f"{result.rows_written:,}"),
            ("asked of SAP", f"{result.requests:,} requests, {result.bytes / 1e6:,.1f} MB, "
                             f"{result.sap_seconds:,.1f} s"),
            ("SQL statements", f"{result.statements:,}"),
            ("seconds", f"{result.seconds:.2f}"),
        ],
    )  # fmt: skip


def _profile(result: RunReport) -> None:
    whole = sum(result.phases.values()) or 1.0
    output.table(
        "Where the time went",
        ("phase", "seconds", "share"),
        [(name, f"{took:.3f}", f"{took / whole:.0%}") for name, took in result.phases.items()],
    )


def _listed(counts: dict[str, int]) -> str:
    """`seen` always, and of the rest what is not zero."""
    shown = [f"{number:,} {name}" for name, number in counts.items() if number or name == "seen"]
    return ", ".join(shown)
