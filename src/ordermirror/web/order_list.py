"""The order list: which orders match, what they add up to, and one page of them as ready text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote

from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.models import OrderRead, SalesOrder, SalesOrderQuerySet, SalesPerson
from ordermirror.records import OPEN
from ordermirror.web import formats
from ordermirror.web.filters import OrderFilters, restrict
from ordermirror.web.paging import Page, page_of
from ordermirror.web.sorting import ordered, total_in_currency
from ordermirror.web.statuses import Badge, badge_of

COLUMNS = (
    "company__company_db",
    "doc_entry",
    "doc_num",
    "doc_date",
    "doc_due_date",
    "card_code",
    "card_name",
    "num_at_card",
    "sales_person_code",
    "document_status",
    "cancelled",
    "doc_currency",
    "pending_total",
)


class Row(NamedTuple):
    """One order as the list shows it: texts only, so that the template only places them."""

    path: str
    number: str
    company: str
    posted: str
    due: str
    late: str
    customer: str
    customer_code: str
    sales_code: str
    sales_name: str
    reference: str
    status: Badge
    currency: str
    pending: str
    nothing_pending: bool
    total: str
    missing: str


class Total(NamedTuple):
    """What is pending in one currency over the whole result."""

    currency: str
    orders: int
    pending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderList:
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    page: Page


def read_list(
    orders: SalesOrderQuerySet, filters: OrderFilters, names: Mapping[int, str], *, today: date
) -> OrderList:
    """Two statements: the totals of the whole result, and its one page."""
    matching = restrict(orders, filters, today=today)
    totals = _totals(matching)
    page = page_of(filters.page, size=filters.size, count=sum(total.orders for total in totals))
    rows = ordered(matching, filters.sort).values_list(
        *COLUMNS, total_in_currency(), _missing_since()
    )
    shown = rows[page.offset : page.offset + page.size] if page.count else []
    now = timezone.now()
    return OrderList(
        rows=tuple(_row(*values, names=names, today=today, now=now) for values in shown),
        totals=totals,
        page=page,
    )


def orders_of(company_ids: list[int]) -> SalesOrderQuerySet:
    """Every index starts with the company, so it is named even when there is only one."""
    if len(company_ids) == 1:
        return SalesOrder.objects.filter(company_id=company_ids[0])
    return SalesOrder.objects.filter(company_id__in=company_ids)


def read_sales_people() -> dict[int, str]:
    """Code to name, in the order the names are offered."""
    people = SalesPerson.objects.order_by("sales_employee_name", "sales_employee_code")
    return dict(people.values_list("sales_employee_code", "sales_employee_name"))


def _totals(matching: SalesOrderQuerySet) -> tuple[Total, ...]:
    groups = (
        matching.order_by()
        .values_list("doc_currency")
        .annotate(orders=Count("pk"), pending=Sum("pending_total"))
        .order_by("-orders", "doc_currency")
    )
    return tuple(
        Total(currency or "", orders, formats.amount(pending, currency))
        for currency, orders, pending in groups
    )


def _missing_since() -> Subquery:
    """Part of the page's statement: a look-up by key for each row that is sorted or shown."""
    return Subquery(OrderRead.objects.filter(pk=OuterRef("pk")).values("missing_since")[:1])


def _row(
    company: str,
    doc_entry: int,
    doc_num: int,
    doc_date: date | None,
    due: date | None,
    card_code: str | None,
    card_name: str | None,
    reference: str | None,
    sales_code: int | None,
    status: str | None,
    cancelled: bool,
    currency: str | None,
    pending: Decimal,
    total: Decimal | None,
    missing: datetime | None,
    *,
    names: Mapping[int, str],
    today: date,
    now: datetime,
) -> Row:
    return Row(
        path=f"{quote(company, safe='')}/{doc_entry}/",
        number=str(doc_num),
        company=company,
        posted=formats.day(doc_date),
        due=formats.day(due),
        late=_late_text(due, today) if due and status == OPEN else "",
        customer=card_name or card_code or formats.MISSING,
        customer_code=card_code or "",
        sales_code="" if sales_code is None else str(sales_code),
        sales_name="" if sales_code is None else names.get(sales_code, ""),
        reference=reference or "",
        status=badge_of(status, cancelled=cancelled),
        currency=currency or "",
        pending=formats.amount(pending, currency),
        nothing_pending=not pending,
        total=formats.amount(total, currency),
        missing=formats.clock(missing, now) if missing else "",
    )


def _late_text(due: date, today: date) -> str:
    return _("%(days)s d late") % {"days": (today - due).days} if due < today else ""
