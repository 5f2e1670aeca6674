"""Everything people wrote about one order, and what the reader may do, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission
from django.db import models
from django.db.models import F, Q, Value

from ordermirror.fields import ExactDecimalField
from ordermirror.owned.models import Approval, LinePrice, OrderNote

APP = "ordermirror_owned"
ADD_NOTE = "add_ordernote"
DECIDE = "change_approval"
REVISE = "change_lineprice"
PERMISSIONS = frozenset({ADD_NOTE, DECIDE, REVISE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """`notes` stand newest first, `prices` are by line number; `may` holds codes of PERMISSIONS."""

    notes: tuple[OrderNote, ...]
    approval: Approval | None
    prices: dict[int, LinePrice]
    may: frozenset[str]


class _Row(NamedTuple):
    """One row of the union; each kind fills its own columns."""

    kind: str
    at: datetime
    who: str
    text: str
    number: int
    code: str
    amount: Decimal | None
    currency: str
    version: int
    fingerprint: int | None


FIELDS: dict[str, models.Field[Any, Any]] = {
    "at": models.DateTimeField(),
    "who": models.TextField(),
    "text": models.TextField(),
    "number": models.BigIntegerField(),
    "code": models.TextField(),
    "amount": ExactDecimalField(),
    "currency": models.TextField(),
    "version": models.BigIntegerField(),
    "fingerprint": models.BigIntegerField(),
}


def read_owned(order: int, user: AbstractBaseUser | AnonymousUser) -> Owned:
    """One statement. Permissions come with it so that a page does not ask two more for them."""
    parts = [
        _rows(OrderNote.objects.filter(order=order), "note", at="at", who="author", text="text",
              number="id"),
        _rows(Approval.objects.filter(order=order), "approval", at="decided_at", who="decided_by",
              text="remark", code="state", amount="doc_total", currency="doc_currency",
              version="version", fingerprint="fingerprint"),
        _rows(LinePrice.objects.filter(order=order), "price", at="set_at", who="set_by",
              number="line_num", code="item_code", amount="price", currency="currency",
              version="version"),
    ]  # fmt: skip
    all_allowed = getattr(user, "is_superuser", False)
    if not all_allowed:
        parts.append(_rows(_permissions_of(user), "may", code="codename"))
    rows = [_Row(*row) for row in parts[0].union(*parts[1:], all=True)]
    approvals = (_approval(order, row) for row in rows if row.kind == "approval")
    notes = [_note(order, row) for row in rows if row.kind == "note"]
    return Owned(
        notes=tuple(sorted(notes, key=lambda note: note.pk, reverse=True)),
        approval=next(approvals, None),
        prices={row.number: _price(order, row) for row in rows if row.kind == "price"},
        may=PERMISSIONS if all_allowed else frozenset(r.code for r in rows if r.kind == "may"),
    )


def _permissions_of(user: AbstractBaseUser | AnonymousUser) -> models.QuerySet[Permission]:
    given = Q(user=user.pk) | Q(group__user=user.pk)
    return Permission.objects.filter(
        given, content_type__app_label=APP, codename__in=PERMISSIONS
    ).order_by()


def _rows(found: models.QuerySet[Any], kind: str, **columns: str) -> models.QuerySet[Any, Any]:
    """The rows of one kind, shaped like `_Row`: what a kind does not name is empty."""
    empty = {name: Value(None, output_field=field) for name, field in FIELDS.items()}
    given = {name: F(column) for name, column in columns.items()}
    kind_of_row = Value(kind, output_field=models.TextField())
    return found.values_list(kind_of_row, *(empty | given).values())


def _note(order: int, row: _Row) -> OrderNote:
    return OrderNote(pk=row.number, order=order, author=row.who, at=row.at, text=row.text)


def _approval(order: int, row: _Row) -> Approval:
    return Approval(
        order=order,
        state=row.code,
        decided_by=row.who,
        decided_at=row.at,
        remark=row.text,
        doc_total=row.amount,
        doc_currency=row.currency,
        fingerprint=row.fingerprint,
        version=row.version,
    )


def _price(order: int, row: _Row) -> LinePrice:
    return LinePrice(
        order=order,
        line_num=row.number,
        item_code=row.code,
        currency=row.currency,
        price=row.amount,
        set_by=row.who,
        set_at=row.at,
        version=row.version,
    )
