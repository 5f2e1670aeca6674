"""`ordermirror reconcile`: refresh once, and compare counts and sums with SAP's."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.core import report
from ordermirror.core.report import RunReport
from ordermirror.database import require_tables
from ordermirror.models import Company, Reconciliation
from ordermirror.store import reconciliations

EQUAL, DIFFERENT, BUSY = 0, 1, 3

REASONS = {
    "lacking": "open at SAP, not mirrored as open",
    "not_open": "mirrored as open, not open at SAP",
    "total": "the totals differ",
    "state": "the stamps differ, or whether it is cancelled",
    "set_aside": "set aside; see `ordermirror quarantine`",
}


def run(arguments: Namespace) -> int:
    require_tables()
    # What the run's log line would say is printed below.
    logging.getLogger("ordermirror.sync").setLevel(logging.ERROR)
    chosen = companies.chosen(arguments.company)
    return max((_reconcile(company, arguments) for company in chosen), default=EQUAL)


def _reconcile(company: Company, arguments: Namespace) -> int:
    companies.settings_of(company)  # what a person can mend is told before anything begins
    done = companies.refresh(company, reconcile=True)
    result = reconciliations.of_run(done.run)
    problem = done.problem if result else _why_not(done)
    if arguments.json:
        output.json(_facts(company, done, result, problem))
    elif result:
        _print(company, result)
    if problem:
        output.problem(problem)
    if done.outcome == report.BUSY:
        return BUSY
    return EQUAL if result and not result.differing else DIFFERENT


def _why_not(done: RunReport) -> str:
    if done.problem:
        return f"Nothing was compared: {done.problem}"
    if done.first_load:
        return "Nothing was compared, since this was the first load; give the command again."
    return "Nothing was compared, since orders of a wider scope are still being loaded."


def _facts(
    company: Company, done: RunReport, result: Reconciliation | None, problem: str
) -> dict[str, Any]:
    """`equal` is null when nothing was compared."""
    return {
        "company_db": company.company_db,
        "run": done.run,
        "outcome": done.outcome,
        "problem": problem,
        "equal": None if result is None else not result.differing,
        "differing": None if result is None else result.differing,
        **(result.figures if result else {}),
    }


def _print(company: Company, result: Reconciliation) -> None:
    word = "equal" if not result.differing else f"{result.differing:,} orders differ"
    output.pairs(f"{company.company_db}: {word}", [("result", word), *_pairs(result.figures)])
    differences = result.figures["differences"]
    if not differences:
        return
    numbers = reconciliations.numbers(result)
    output.table(
        "Open orders that differ; they are read again",
        ("order", "DocEntry", "how", "total at SAP", "total here"),
        [
            (
                numbers.get(it["doc_entry"], "-"),
                it["doc_entry"],
                REASONS.get(it["reason"], it["reason"]),
                _amount(it["at_sap"]),
                _amount(it["here"]),
            )
            for it in differences
        ],
    )


def _pairs(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """SAP's figure first, then ours."""
    opened = figures["open"]
    at_sap, here = opened["at_sap"], opened["here"]
    yield "open orders", _compared(f"{at_sap['orders']:,}", f"{here['orders']:,}")
    yield "open sum", _compared(_amount(at_sap["total"]), _amount(here["total"]))
    for kind, count in figures["counts"].items():
        shown = sorted({count["before"], count["after"]})
        sides = " to ".join(f"{number:,}" for number in shown), f"{count['here']:,}"
        yield f"{kind} orders", _compared(*sides, equal=not count["difference"])
    if opened["on_their_way"]:
        yield "on their way", f"{opened['on_their_way']:,} changed in between, left out"
    if figures["not_possible"]:
        yield "not counted", figures["not_possible"]


def _compared(at_sap: str, here: str, *, equal: bool | None = None) -> str:
    same = at_sap == here if equal is None else equal
    return f"{at_sap} {'=' if same else '≠'} {here}"


def _amount(text: str | None) -> str:
    """All decimals it has, and two at least."""
    if text is None:
        return "-"
    number = Decimal(text)
    return f"{number:,.{max(2, -int(number.normalize().as_tuple().exponent))}f}"
