"""Writing what people enter. Whoever saw an older state is refused instead of overwriting."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models

from ordermirror.owned.models import Approval, LinePrice, OrderNote


class By(NamedTuple):
    """Who writes, and when."""

    person: str
    at: datetime


class Basis(NamedTuple):
    """What an order looked like when it was decided about."""

    doc_total: Decimal | None
    doc_currency: str
    fingerprint: int | None


def add_note(order: int, text: str, by: By) -> None:
    OrderNote.objects.create(order=order, author=by.person, at=by.at, text=text)


def forget(first: int, beyond: int) -> None:
    """Delete all that was written about the orders with these keys."""
    for model in (OrderNote, Approval, LinePrice):
        model.objects.filter(order__gte=first, order__lt=beyond).delete()


def decide(order: int, state: str, remark: str, by: By, *, basis: Basis, seen: int) -> bool:
    """False, and nothing written, when somebody has decided since version `seen`; 0: none yet."""
    values = {
        "state": state,
        "remark": remark,
        "decided_by": by.person,
        "decided_at": by.at,
        **basis._asdict(),
    }
    return _write(Approval.objects.filter(order=order), {"order": order}, values, seen)


def revise_price(
    order: int,
    line_num: int,
    price: Decimal | None,
    by: By,
    *,
    item_code: str,
    currency: str,
    seen: int,
) -> bool:
    """None takes the price back. False, and nothing written, when it changed since `seen`."""
    values = {
        "price": price,
        "item_code": item_code,
        "currency": currency,
        "set_by": by.person,
        "set_at": by.at,
    }
    key = {"order": order, "line_num": line_num}
    return _write(LinePrice.objects.filter(**key), key, values, seen)


def _write(
    rows: models.QuerySet[Any], key: dict[str, int], values: dict[str, Any], seen: int
) -> bool:
    """One conditional write: the database, not this process, tells who came first."""
    if seen == 0:
        created: bool = rows.get_or_create(**key, defaults=values)[1]
        return created
    changed: int = rows.filter(version=seen).update(**values, version=seen + 1)
    return changed == 1
