"""`ordermirror sync`: refresh the mirror once."""

from __future__ import annotations

import logging
from argparse import Namespace

from django.conf import settings

from ordermirror import companies, sync
from ordermirror.cli import output
from ordermirror.cli.progress import progress
from ordermirror.core import report
from ordermirror.core.report import RunReport
from ordermirror.database import require_tables

EXIT_CODES = {report.COMPLETE: 0, report.INCOMPLETE: 1, report.FAILED: 1, report.BUSY: 3}


def run(arguments: Namespace) -> int:
    require_tables()
    # What the run's log line would say is printed below.
    logging.getLogger("ordermirror.sync").setLevel(logging.ERROR)
    company, make_source = companies.to_refresh(settings.ORDERMIRROR)
    with progress("First load", "orders") as show:
        result = sync.run_sync(
            company,
            make_source(),
            lookback_days=settings.ORDERMIRROR.lookback_days,
            plan=companies.plan_of(settings.ORDERMIRROR),
            full=arguments.full,
            progress=show,
        )
    if arguments.json:
        output.json(result.as_json())
    else:
        _print(result)
    if result.problem:
        output.problem(result.problem)
    return EXIT_CODES[result.outcome]


def _print(result: RunReport) -> None:
    orders, lines = result.orders(), result.lines
    kind = "first load" if result.first_load else "refresh"
    output.pairs(
        f"Run {result.run}: {kind} {result.outcome}",
        [
            ("outcome", result.outcome),
            ("orders", _listed(orders)),
            ("lines", f"{lines.created:,} created, {lines.changed:,} changed, "
                      f"{lines.removed:,} removed"),
            ("rows written", f"{result.rows_written:,}"),
            ("asked of SAP", f"{result.requests:,} requests, {result.bytes / 1e6:,.1f} MB"),
            ("SQL statements", f"{result.statements:,}"),
            ("seconds", f"{result.seconds:.2f}"),
        ],
    )  # fmt: skip


def _listed(counts: dict[str, int]) -> str:
    """`seen` always, and of the rest what is not zero."""
    shown = [f"{number:,} {name}" for name, number in counts.items() if number or name == "seen"]
    return ", ".join(shown)
