"""`ordermirror company`: why writing has stopped, and what a person can decide."""

from __future__ import annotations

from argparse import Namespace

from django.conf import settings

from ordermirror import companies, conflicts
from ordermirror.cli import output
from ordermirror.cli.moments import at
from ordermirror.database import require_tables
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Company

CHOICES = """
What happened?
  The settings or SAP were wrong for a while, and are right again:
      ordermirror company false-alarm      goes on where writing stopped
  SAP was restored from a backup:
      ordermirror company new-epoch        reads everything anew over what is stored;
                                           orders the backup lost stay, marked as missing
  This is another company on purpose:
      ordermirror company new-company      keeps the old mirror under another name
                                           and starts an empty one
"""


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(settings.ORDERMIRROR)
    if arguments.decision is None:
        _print(company)
        return 1 if company.conflict else 0
    if not company.conflict:
        raise OrderMirrorError(f"writing for {company.company_db} has not stopped")
    output.say(_decide(company, arguments.decision))
    return 0


def _print(company: Company) -> None:
    output.pairs(
        company.company_db,
        [
            ("mirrored since", at(company.created_at)),
            ("epoch", company.epoch),
            ("writing", "stopped" if company.conflict else "goes on"),
            ("since", at(company.conflict_at)),
            ("because", company.conflict or "-"),
        ],
    )
    if company.conflict:
        output.console.print(CHOICES, markup=False)


def _decide(company: Company, decision: str) -> str:
    if decision == "new-company":
        name = conflicts.new_company(company)
        return f'The old mirror is kept as "{name}"; the next run starts an empty one.'
    if decision == "new-epoch":
        conflicts.new_epoch(company)
        return "The next run reads every order anew."
    conflicts.false_alarm(company)
    return "The next run goes on where writing stopped."
