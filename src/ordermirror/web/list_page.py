"""What the order list's template places: headings, links, choices, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.last_runs import LastRuns
from ordermirror.web.chips import STATUS_LABELS
from ordermirror.web.filters import DEFAULTS, PLACE, SIZES, OrderFilters
from ordermirror.web.order_list import OrderList
from ordermirror.web.paging import Page
from ordermirror.web.sorting import next_sort

LABELS = {
    "number": gettext_noop("Order"),
    "date": gettext_noop("Posted"),
    "due": gettext_noop("Due"),
    "customer": gettext_noop("Customer"),
    "sales": gettext_noop("Sales person"),
    "reference": gettext_noop("Reference"),
    "status": gettext_noop("Status"),
    "open": gettext_noop("Open amount"),
    "total": gettext_noop("Order total"),
}


class Heading(NamedTuple):
    key: str
    label: str
    query: str
    direction: str


class Choice(NamedTuple):
    """Something to pick; `query` is empty where a form sends it instead of a link."""

    value: str
    label: str
    chosen: bool
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Query strings of the results around this one; None where there is none."""

    previous: str | None
    next: str | None
    numbers: tuple[Choice, ...]
    sizes: tuple[Choice, ...]


def headings(filters: OrderFilters) -> list[Heading]:
    current = filters.sort.removeprefix("-")
    direction = "descending" if filters.sort.startswith("-") else "ascending"
    return [
        Heading(
            key=key,
            label=_(label),
            query=filters.link(sort=next_sort(key, filters.sort)),
            direction=direction if key == current else "",
        )
        for key, label in LABELS.items()
    ]


def links(filters: OrderFilters, found: OrderList) -> Links:
    """Steps go by place where the list has places, so that nothing is passed over or shown twice
    while orders come in at its top; numbers go by number."""
    page = found.page

    def to(number: int) -> str:
        return replace(filters, page=number, after=None, before=None).query()

    sizes = tuple(
        Choice(str(size), str(size), size == filters.size, filters.link(size=size))
        for size in SIZES
    )
    numbered = _links(page, to, sizes)
    if found.first is None:
        return numbered
    back = replace(filters, page=page.number - 1, after=None, before=found.first)
    on = replace(filters, page=page.number + 1, after=found.last, before=None)
    return replace(
        numbered,
        previous=back.query() if page.number > 2 else numbered.previous,
        next=on.query() if page.more else None,
    )


def run_links(page: Page, company: str) -> Links:
    kept = {"company": company} if company else {}
    return _links(page, lambda number: urlencode({**kept, "page": number}), ())


def company_choices(visible: Sequence[LastRuns], name: str) -> list[Choice]:
    """None where there is nothing to choose."""
    if len(visible) < 2:
        return []
    names = [it.company_db for it in visible]
    everyone = Choice("", _("All companies"), name not in names)
    return [everyone, *(Choice(it, it, it == name, urlencode({"company": it})) for it in names)]


def _links(page: Page, to: Callable[[int], str], sizes: tuple[Choice, ...]) -> Links:
    return Links(
        previous=to(page.number - 1) if page.number > 1 else None,
        next=to(page.number + 1) if page.number < page.last else None,
        numbers=tuple(
            Choice("…", "", False)
            if number is None
            else Choice(str(number), str(number), number == page.number, to(number))
            for number in page.numbers()
        ),
        sizes=sizes,
    )


def status_choices(filters: OrderFilters) -> list[Choice]:
    return [
        Choice(value, _(label), value == filters.status) for value, label in STATUS_LABELS.items()
    ]


def code_choices(chosen: Sequence[int], names: Mapping[int, str]) -> list[Choice]:
    return [Choice(str(code), name, code in chosen) for code, name in names.items()]


def notes_of(notes: tuple[str, ...], filters: OrderFilters, page: Page) -> list[str]:
    if filters.page <= page.last or page.capped:
        return list(notes)
    beyond = _("There is no page %(page)s; this is the last one.") % {"page": filters.page}
    return [*notes, beyond]


def is_plain(filters: OrderFilters) -> bool:
    """Whether nothing is filtered beyond what the list does by itself."""
    return replace(filters, **PLACE) == DEFAULTS
