"""What is filtered, in words, each with the link that drops it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.web.filters import OrderFilters

STATUS_LABELS = {
    "open": gettext_noop("Open"),
    "closed": gettext_noop("Closed"),
    "cancelled": gettext_noop("Cancelled"),
    "other": gettext_noop("Other"),
    "all": gettext_noop("All"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """`drop` is the query string of the same result without this filter."""

    label: str
    value: str
    drop: str


def chips_of(
    filters: OrderFilters, names: Mapping[int, str], makers: Mapping[int, str]
) -> list[Chip]:
    """The plain list's own "open" is a chip too: it hides orders, so it can be dropped."""
    chips = []
    if filters.status != "all":
        word = _(STATUS_LABELS[filters.status])
        chips.append(Chip(label=_("Status"), value=word, drop=filters.link(status="all")))
    if filters.q:
        chips.append(Chip(label=_("Search"), value=filters.q, drop=filters.link(q="")))
    if filters.customer:
        drop = filters.link(customer="")
        chips.append(Chip(label=_("Customer"), value=filters.customer, drop=drop))
    for code in filters.sales:
        drop = filters.link(sales=_without(filters.sales, code))
        value = f"{code} {names.get(code, '')}".strip()
        chips.append(Chip(label=_("Sales"), value=value, drop=drop))
    for code in filters.maker:
        drop = filters.link(maker=_without(filters.maker, code))
        value = makers.get(code, str(code))
        chips.append(Chip(label=_("Manufacturer"), value=value, drop=drop))
    return chips + _date_chips(filters)


def _without(codes: tuple[int, ...], dropped: int) -> tuple[int, ...]:
    return tuple(code for code in codes if code != dropped)


def _date_chips(filters: OrderFilters) -> list[Chip]:
    chips = []
    if posted := _range(filters.posted_from, filters.posted_to):
        drop = filters.link(posted_from=None, posted_to=None)
        chips.append(Chip(label=_("Posted"), value=posted, drop=drop))
    if due := _range(filters.due_from, filters.due_to):
        drop = filters.link(due_from=None, due_to=None)
        chips.append(Chip(label=_("Due"), value=due, drop=drop))
    if filters.overdue:
        value = _("before today, still open")
        chips.append(Chip(label=_("Overdue"), value=value, drop=filters.link(overdue=False)))
    if filters.company:
        drop = filters.link(company="")
        chips.append(Chip(label=_("Company"), value=filters.company, drop=drop))
    return chips


def _range(start: date | None, end: date | None) -> str:
    if start and end:
        return f"{start} – {end}"
    if start:
        return _("from %(day)s") % {"day": start}
    return _("up to %(day)s") % {"day": end} if end else ""
