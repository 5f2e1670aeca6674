"""The order list: which orders match, what they add up to, and one page of them as ready text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.models import NO_DATE, OrderRead, SalesOrder, SalesOrderQuerySet
from ordermirror.records import OPEN
from ordermirror.web import formats
from ordermirror.web.counting import Result, Total, result_of
from ordermirror.web.filters import OrderFilters
from ordermirror.web.paging import Page, page_of
from ordermirror.web.search import Meanings, People
from ordermirror.web.sorting import Key, beyond, has_keys, ordered, total_in_currency, turned
from ordermirror.web.statuses import Badge, badge_of

COLUMNS = (
    "company_id",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderList:
    """`first` and `last` are the places of the page's ends, where the sort has places."""

    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    page: Page
    first: Key | None = None
    last: Key | None = None


def read_list(
    companies: Mapping[int, str],
    filters: OrderFilters,
    people: People,
    meanings: Meanings,
    *,
    today: date,
) -> OrderList:
    """Two statements: the totals of the whole result, and its one page.

    `companies` are those whose orders are shown, `people` their sales people, `meanings` what is
    searched for.
    """
    company_ids = list(companies)
    result = result_of(orders_of(company_ids), company_ids, filters, meanings, today=today)
    page = page_of(filters.page, size=filters.size, count=result.count, capped=result.capped)
    by_key = has_keys(filters.sort) and len(company_ids) == 1
    found = _page(result, filters, page, by_key=by_key) if page.count else []
    shown = found[: page.size]
    if filters.before and by_key:
        shown.reverse()
    places = [Key(values[COLUMNS.index("doc_date")] or NO_DATE, values[1]) for values in shown]
    now = timezone.now()
    return OrderList(
        rows=tuple(
            _row(company, companies, *values, people=people, today=today, now=now)
            for company, *values in shown
        ),
        totals=result.totals,
        page=replace(page, shown=len(shown), more=_is_more(found, filters, page)),
        first=places[0] if places and by_key else None,
        last=places[-1] if places and by_key else None,
    )


def _page(
    result: Result, filters: OrderFilters, page: Page, *, by_key: bool
) -> list[tuple[Any, ...]]:
    """The page's rows and one more, which tells that another page follows.

    Before a place the list is read the other way, from that place on.
    """
    orders, sort, offset = result.orders, filters.sort, page.offset
    if by_key and filters.after:
        orders, offset = orders.filter(beyond(filters.after, sort)), 0
    elif by_key and filters.before:
        sort, offset = turned(sort), 0
        orders = orders.filter(beyond(filters.before, sort))
    rows = ordered(orders, sort).values_list(*COLUMNS, total_in_currency(), _missing_since())
    return list(rows[offset : offset + page.size + 1])


def _is_more(found: list[tuple[Any, ...]], filters: OrderFilters, page: Page) -> bool:
    return bool(filters.before) or len(found) > page.size


def orders_of(company_ids: list[int]) -> SalesOrderQuerySet:
    """Every index starts with the company, so it is named even when there is only one."""
    if len(company_ids) == 1:
        return SalesOrder.objects.shown().filter(company_id=company_ids[0])
    return SalesOrder.objects.shown().filter(company_id__in=company_ids)


def _missing_since() -> Subquery:
    """Part of the page's statement: a look-up by key for each row that is sorted or shown."""
    return Subquery(OrderRead.objects.filter(pk=OuterRef("pk")).values("missing_since")[:1])


def _row(
    company_id: int,
    companies: Mapping[int, str],
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
    people: People,
    today: date,
    now: datetime,
) -> Row:
    company = companies[company_id]
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
        sales_name="" if sales_code is None else people.get((company_id, sales_code), ""),
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
