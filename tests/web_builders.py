"""Rows for the tests of the pages, made with the ORM. Each builder takes only what matters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.utils import timezone

from ordermirror.models import (
    Company,
    OrderChange,
    OrderLine,
    OrderRead,
    Reconciliation,
    SalesOrder,
    SalesPerson,
    SyncRun,
    line_id,
    order_id,
)
from ordermirror.store import search, totals

COMPANY_DB = "SBODEMO"
_entries = count(1)


def make_company(company_db=COMPANY_DB):
    """One that is refreshed, as if a person had added it."""
    return Company.objects.get_or_create(company_db=company_db, defaults={"own_settings": {}})[0]


def make_order(*, company_db=COMPANY_DB, doc_entry=None, **fields):
    """An open order of 1,000.00 AED, all of it pending, posted and due on 2026-11-20."""
    company = make_company(company_db)
    doc_entry = next(_entries) if doc_entry is None else doc_entry
    values = {
        "doc_num": 126_000_000 + doc_entry,
        "doc_date": date(2026, 11, 20),
        "doc_due_date": date(2026, 11, 20),
        "card_code": "C0001",
        "card_name": "Acme Trading LLC",
        "num_at_card": f"PO-{doc_entry}",
        "doc_currency": "AED",
        "doc_total": Decimal("1000"),
        "sales_person_code": 12,
        "document_status": "open",
        "cancelled": False,
        "pending_total": Decimal("1000"),
    }
    order = SalesOrder.objects.create(
        id=order_id(company.pk, doc_entry),
        company=company,
        doc_entry=doc_entry,
        **values | fields,
    )
    keep_beside(company)
    return order


def keep_beside(company):
    """What the writer keeps beside the orders it writes."""
    totals.recount(company.pk)
    search.rebuild(company.pk)


def make_line(order, *, line_num=0, **fields):
    """Ten pieces at 100.00, none delivered."""
    values = {
        "visual_order": line_num,
        "item_code": f"I{line_num:04}",
        "item_description": "Gate valve 1 inch",
        "quantity": Decimal(10),
        "remaining_open_quantity": Decimal(10),
        "price": Decimal(100),
        "currency": order.doc_currency,
        "line_status": "open",
        "warehouse_code": "DIP",
        "pending_amount": Decimal(1000),
    }
    line = OrderLine.objects.create(
        id=line_id(order.pk, line_num), order=order, line_num=line_num, **values | fields
    )
    keep_beside(order.company)
    return line


def make_person(code=12, name="Omar Haddad", company_db=COMPANY_DB):
    return SalesPerson.objects.create(
        company=make_company(company_db),
        sales_employee_code=code,
        sales_employee_name=name,
        active=True,
    )


def make_run(*, outcome="complete", age=timedelta(minutes=2), company_db=COMPANY_DB, **fields):
    """A run that started `age` ago and took three seconds."""
    started_at = timezone.now() - age
    values = {
        "started_at": started_at,
        "finished_at": None if outcome == "running" else started_at + timedelta(seconds=3),
        "seconds": None if outcome == "running" else 3.0,
        "requests": 17,
        "bytes": 2_200_000,
    }
    return SyncRun.objects.create(
        company=make_company(company_db), outcome=outcome, **values | fields
    )


def make_read(order, *, read_at, run=None):
    return OrderRead.objects.create(
        id=order.pk,
        company_id=order.company_id,
        doc_entry=order.doc_entry,
        is_open=order.document_status == "open",
        light_hash=1,
        document_hash=1,
        read_at=read_at,
        run=run,
    )


def make_change(order, *, kind="header", field="", old=None, new=None, **fields):
    """A change between 10:00 and 10:07 UTC on 2026-11-20."""
    values = {
        "read_from": datetime(2026, 11, 20, 10, 0, tzinfo=timezone.get_default_timezone()),
        "read_to": datetime(2026, 11, 20, 10, 7, tzinfo=timezone.get_default_timezone()),
    }
    return OrderChange.objects.create(
        order=order, kind=kind, field=field, old=old, new=new, **values | fields
    )


def make_reconciliation(*, company_db=COMPANY_DB, at=None, differing=0, run=None, **figures):
    """318 open orders of 4,812,300.50, equal; closed and cancelled ones as well."""
    side = {"orders": 318, "total": "4812300.5"}
    same = {"before": 1200, "after": 1200, "here": 1200, "unsettled": 0, "difference": 0}
    values = {
        "open": {"at_sap": side, "here": side, "on_their_way": 0},
        "counts": {"closed": same},
        "not_possible": "",
        "differences": [],
    }
    return Reconciliation.objects.create(
        company=make_company(company_db),
        run=run,
        at=at or timezone.now(),
        differing=differing,
        figures=values | figures,
    )
