"""A line's revised price as its page shows it: never against an item it was not entered for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from ordermirror.models import OrderLine, SalesOrder
from ordermirror.owned.models import LinePrice
from ordermirror.records import OPEN
from ordermirror.web import formats
from ordermirror.web.forms import PriceForm


class Revised(NamedTuple):
    """`detached` says in words why the price no longer belongs to the line; empty when it does."""

    line_num: int
    price: str
    by: str
    detached: str
    form: PriceForm | None


def revised_of(
    line: OrderLine,
    order: SalesOrder,
    entered: LinePrice | None,
    *,
    now: datetime,
    may_revise: bool,
    refused: PriceForm | None = None,
) -> Revised | None:
    """None when there is nothing to show. `refused` is the form that was just sent in vain."""
    given = entered if entered and entered.price is not None else None
    editable = may_revise and line.removed_at is None and line.line_status == OPEN
    if given is None and not editable:
        return None
    detached = detached_text(line, order, given) if given else ""
    form = (refused or _form(line, order, entered, detached)) if editable else None
    return Revised(
        line_num=line.line_num,
        price=_price_text(given),
        by=f"{given.set_by}, {formats.clock(given.set_at, now)}" if given else "",
        detached=detached,
        form=form,
    )


def detached_text(line: OrderLine, order: SalesOrder, entered: LinePrice) -> str:
    words = {"was": entered.item_code, "now": line.item_code or formats.MISSING}
    if line.removed_at is not None:
        return _("entered for %(was)s; SAP no longer sends this line") % words
    if (line.item_code or "") != entered.item_code:
        return _("entered for %(was)s; the line is %(now)s now") % words
    if (order.doc_currency or "") != entered.currency:
        words = {"was": entered.currency, "now": order.doc_currency or formats.MISSING}
        return _("entered in %(was)s; the order is in %(now)s now") % words
    return ""


def _price_text(entered: LinePrice | None) -> str:
    if entered is None:
        return ""
    return f"{formats.price(entered.price, entered.currency)} {entered.currency}".strip()


def _form(
    line: OrderLine, order: SalesOrder, entered: LinePrice | None, detached: str
) -> PriceForm:
    """A detached price is not offered again: whoever wants it for the new item types it."""
    keeps = entered is not None and entered.price is not None and not detached
    return PriceForm(
        initial={
            "price": formats.plain(entered.price) if entered and keeps else "",
            "item_code": line.item_code or "",
            "currency": order.doc_currency or "",
            "seen": entered.version if entered else 0,
        }
    )
