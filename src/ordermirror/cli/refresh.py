"""`ordermirror refresh`: ask for one order to be read again by the next run."""

from __future__ import annotations

from argparse import Namespace

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.cli.show import orders_numbered
from ordermirror.database import require_tables
from ordermirror.sync import request_refresh


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(arguments.company)
    for order in orders_numbered(company, arguments.doc_num):
        request_refresh(company.pk, order.doc_entry)
    output.say(f"Order {arguments.doc_num} will be read again by the next run.")
    return 0
