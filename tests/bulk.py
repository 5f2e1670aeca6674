"""Many orders, written in bulk: enough that a database prefers an index where there is one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.apps import apps
from django.db import connection

from ordermirror.core.totals import pending_total
from ordermirror.models import Company, OrderChange, SyncRun, order_id
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS, Order, OrderLine
from ordermirror.store import mirror, search, totals
from ordermirror.store.history import CHANGES
from ordermirror.store.remembered import READS

FIRST_DAY = date(2023, 1, 2)
DAYS = 1050
READ_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
STATUSES = ["open"] * 15 + ["closed"] * 80 + ["delivered"]
ORDERS_AT_ONCE = 1000
EMPTY_ORDER = Order(*[None] * len(HEADER_FIELDS), ())
EMPTY_LINE = OrderLine(*[None] * len(LINE_FIELDS))
FIRST_NAMES = ("Gulf", "Al Noor", "Emirates", "Desert", "Marina", "النور", "Falcon", "Oasis")
SECOND_NAMES = ("Trading", "Contracting", "Pipes", "Foods", "Electric", "للتجارة", "Marine")


def fill(orders: int, *, lines: int = 4, runs: int = 300) -> Company:
    """A company with orders of three years, lines, reads, changes and runs, and its statistics."""
    company, _ = Company.objects.get_or_create(company_db="SBODEMO")
    random = Random(4)
    SyncRun.objects.bulk_create(
        SyncRun(company=company, outcome="complete", started_at=READ_AT + timedelta(minutes=number))
        for number in range(runs)
    )
    for first in range(1, orders + 1, ORDERS_AT_ONCE):
        _write(company.pk, [
            an_order(entry, entry / orders, lines, random)
            for entry in range(first, min(first + ORDERS_AT_ONCE, orders + 1))
        ])  # fmt: skip
    totals.recount(company.pk)
    analyse()
    return company


def an_order(entry: int, part: float, lines: int, random: Random) -> Order:
    """The later, the higher its DocEntry, as at SAP."""
    posted = FIRST_DAY + timedelta(days=int(part * DAYS) - random.randrange(3))
    customer = int(600 * random.random() ** 2)
    status = random.choice(STATUSES)
    return EMPTY_ORDER._replace(
        doc_entry=entry,
        doc_num=126_000_000 + entry,
        doc_date=posted,
        doc_due_date=posted + timedelta(days=random.randrange(5, 60)),
        card_code=f"C{customer:05}",
        card_name=f"{FIRST_NAMES[customer % 8]} {SECOND_NAMES[customer % 7]} {customer} LLC",
        num_at_card=f"LPO-{posted.year}/{random.randrange(100_000)}",
        doc_currency=random.choice(["AED"] * 8 + ["USD", "EUR"]),
        doc_total=Decimal("1000.000000"),
        sales_person_code=random.randrange(40),
        document_status=status,
        cancelled=status == "closed" and random.random() < 0.05,
        lines=tuple(_line(number, status, random) for number in range(lines)),
    )


def _line(number: int, status: str, random: Random) -> OrderLine:
    item = int(1500 * random.random() ** 2)
    open_quantity = random.randrange(10) if status == "open" else 0
    return EMPTY_LINE._replace(
        line_num=number,
        item_code=f"I{item:05}",
        item_description=f"Gate valve DN{item} size {item % 40}",
        quantity=Decimal("10.000000"),
        remaining_open_quantity=Decimal(open_quantity).quantize(Decimal("0.000001")),
        price=Decimal("12.500000"),
        line_status="open" if open_quantity else "closed",
    )


def _write(company: int, orders: list[Order]) -> None:
    mirror.ORDERS.upsert(mirror.order_row(company, order, pending_total(order)) for order in orders)
    mirror.LINES.upsert(
        row for order in orders for row in mirror.line_rows(company, order, order.lines, {})
    )
    search.write(company, [(None, order) for order in orders])
    run = SyncRun.objects.latest("id").pk
    READS.upsert(
        (order_id(company, order.doc_entry), company, order.doc_entry,
         order.document_status == "open", 1, 1, 1, READ_AT, run, None, None, False)
        for order in orders
    )  # fmt: skip
    CHANGES.insert_new(
        (order_id(company, order.doc_entry), run if order.doc_entry % 400 == 0 else None,
         OrderChange.Kind.HEADER, "comments", None, "a", "b", READ_AT, READ_AT)
        for order in orders
    )  # fmt: skip


def analyse() -> None:
    names = ", ".join(model._meta.db_table for model in _models())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else f"ANALYZE {_table()}{names}")
        if connection.vendor == "mysql":
            cursor.fetchall()


def _table() -> str:
    return "TABLE " if connection.vendor == "mysql" else ""


def empty() -> None:
    """Take everything out again, for the tests after."""
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in reversed(_models()):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_stat1")


def _models():
    return list(apps.get_app_config("ordermirror").get_models())
