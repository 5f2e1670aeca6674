"""Emptying the mirror between seeds, a bystander whose rows nobody may touch, and digests."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import Model

from ordermirror import models
from ordermirror.models import line_id, order_id

COMPANY, BYSTANDER = 1, 2

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WORK = (
    "position", "pending", "quarantine", "orderread", "orderchange", "salesorder", "orderline",
    "ordertotal", "searchname", "referenceword",
)  # fmt: skip


def begin_anew() -> None:
    """An empty mirror of one company beside a filled one of another."""
    connection.ensure_connection()
    connection.connection.rollback()
    if not _BEGINNING:
        _make_beginning()
        _BEGINNING.append(sqlite3.connect(":memory:", check_same_thread=False))
        connection.connection.backup(_BEGINNING[0])
    _BEGINNING[0].backup(connection.connection)


_BEGINNING: list[sqlite3.Connection] = []
"""A copy of the database as every seed finds it; copying it back is faster than emptying tables."""


def _make_beginning() -> None:
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in _models():
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    models.Company.objects.create(pk=COMPANY, company_db="SBODEMO")
    models.Company.objects.create(pk=BYSTANDER, company_db="BYSTANDER")
    _fill_bystander()


def _models() -> list[type[Model]]:
    return [
        it
        for app in ("ordermirror", "ordermirror_owned")
        for it in apps.get_app_config(app).get_models()
    ]


def _fill_bystander() -> None:
    order = order_id(BYSTANDER, 1)
    company = {"company_id": BYSTANDER}
    entry = company | {"doc_entry": 1}
    models.SalesOrder.objects.create(
        id=order, **entry, doc_num=1, cancelled=False, pending_total=0, document_status="open"
    )
    models.OrderLine.objects.create(
        id=line_id(order, 0), order_id=order, line_num=0, pending_amount=0
    )
    models.OrderRead.objects.create(
        id=order, **entry, is_open=True, light_hash=1, document_hash=1, read_at=LONG_AGO
    )
    models.Pending.objects.create(**entry, probe="changed", found_at=LONG_AGO)
    models.Quarantine.objects.create(
        **entry, stage="decode", reason="", payload_hash=1,
        first_seen_at=LONG_AGO, last_seen_at=LONG_AGO, retry_at=LONG_AGO,
    )  # fmt: skip
    models.Position.objects.create(**entry, probe="changed", watermark=LONG_AGO.date())
    models.SalesPerson.objects.create(**company, sales_employee_code=1, sales_employee_name="Amal")
    models.OrderChange.objects.create(
        order_id=order, kind="header", field="comments", read_to=LONG_AGO
    )
    models.Lease.objects.create(**company, holder="another", fence=7)
    models.SyncRun.objects.create(**company, started_at=LONG_AGO)


def bystander() -> list[tuple]:
    """Every row of the other company, as stored."""
    return _stored(*_bystanders())


@cache
def _bystanders() -> list[Part]:
    first, last = order_id(BYSTANDER, 0), order_id(BYSTANDER + 1, 0)
    parts = []
    for model in apps.get_app_config("ordermirror").get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        if "company_id" in columns:
            parts.append(Part(model, f"company_id = {BYSTANDER}"))
        elif "order_id" in columns:
            parts.append(Part(model, f"order_id BETWEEN {first} AND {last}"))
        else:
            parts.append(Part(model, f"id = {BYSTANDER}"))
    return parts


def owned() -> list[tuple]:
    """Every value that people entered."""
    return _stored(*map(Part, apps.get_app_config("ordermirror_owned").get_models()))


def digest() -> list[tuple]:
    """All that a run which has lost its lease may not change."""
    return rows(*(apps.get_model("ordermirror", name) for name in WORK))


def rows(*tables: type[Model]) -> list[tuple]:
    """All that is in these tables."""
    return _stored(*map(Part, tables))


class Part(NamedTuple):
    """Some of a table's rows."""

    model: type[Model]
    condition: str = "true"


def _stored(*parts: Part) -> list[tuple]:
    """As SQLite keeps them: neither counted nor failed, and not made into values."""
    return [row for part in parts for row in connection.connection.execute(_select(*part))]


@cache
def _select(model: type[Model], condition: str) -> str:
    columns = ", ".join(f'+"{field.column}"' for field in model._meta.concrete_fields)
    return f"SELECT {columns} FROM {model._meta.db_table} WHERE {condition} ORDER BY 1"
