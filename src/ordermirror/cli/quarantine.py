"""`ordermirror quarantine`: documents that were set aside, and trying them again."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.db.models import QuerySet

from ordermirror import companies, steering
from ordermirror.cli import output
from ordermirror.cli.moments import at
from ordermirror.cli.user import ON_THE_SERVER
from ordermirror.database import require_tables
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Company, Quarantine, SalesOrder


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(arguments.company)
    held = Quarantine.objects.filter(company=company).order_by("doc_entry")
    if arguments.doc_entry is not None:
        held = held.filter(doc_entry=arguments.doc_entry)
        if not held:
            raise OrderMirrorError(f"no order with DocEntry {arguments.doc_entry} is set aside")
    if arguments.action == "retry":
        who = steering.by(ON_THE_SERVER)
        tried = steering.retry(company, who, [row.doc_entry for row in held])
        output.say(f"{tried} orders will be tried again by the next run.")
    elif arguments.action == "show":
        for row in held:
            _print(row)
    else:
        _list(company, held, as_json=arguments.json)
    return 0


def _list(company: Company, held: QuerySet[Quarantine], *, as_json: bool) -> None:
    numbers = dict(
        SalesOrder.objects.filter(
            company=company, doc_entry__in=held.values("doc_entry")
        ).values_list("doc_entry", "doc_num")
    )
    rows = [(row, numbers.get(row.doc_entry)) for row in held]
    if as_json:
        output.json([_facts(row, number) for row, number in rows])
        return
    output.table(
        "Quarantine: SAP's newest version could not be taken, the last good one is shown",
        ("DocEntry", "order", "stage", "since", "tries", "next try", "reason"),
        [
            (
                row.doc_entry,
                number or "never mirrored",
                row.stage,
                at(row.first_seen_at),
                row.attempts,
                at(row.retry_at),
                row.reason,
            )
            for row, number in rows
        ],
    )


def _print(row: Quarantine) -> None:
    facts = [(name.replace("_", " "), value) for name, value in _facts(row, None).items()]
    output.pairs(f"Set aside: DocEntry {row.doc_entry}", facts)


def _facts(row: Quarantine, number: int | None) -> dict[str, Any]:
    return {
        "doc_entry": row.doc_entry,
        "doc_num": number,
        "stage": row.stage,
        "reason": row.reason,
        "payload_hash": row.payload_hash,
        "first_seen_at": at(row.first_seen_at),
        "last_seen_at": at(row.last_seen_at),
        "attempts": row.attempts,
        "retry_at": at(row.retry_at),
    }
