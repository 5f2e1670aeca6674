"""What a query string asks of the order list: parsed once, applied once, written back canonically.

The list, and whatever else shows or sends a set of orders, goes through here; nothing else builds
filters. Parsing never fails: what cannot be used is left out and said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from ordermirror.core.folding import fold
from ordermirror.models import OrderLine, SalesOrderQuerySet
from ordermirror.records import HIGHEST_ENTRY, OPEN
from ordermirror.web import search
from ordermirror.web.sorting import COLUMNS, Key, ordered

STATUSES = ("open", "closed", "cancelled", "other", "all")
SIZES = (50, 100, 200)
LONGEST_TEXT = 100
MOST_CODES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilters:
    """One result: which orders, in which order, which page. The defaults are the plain list."""

    status: str = "open"
    q: str = ""
    customer: str = ""
    sales: tuple[int, ...] = ()
    maker: tuple[int, ...] = ()
    """Codes of manufacturers: orders that have a line of one of them."""
    posted_from: date | None = None
    posted_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool = False
    company: str = ""
    sort: str = "-date"
    page: int = 1
    size: int = 100
    after: Key | None = None
    """The last order of the page before: where the next one goes on, whatever came in above."""
    before: Key | None = None
    count: bool = False
    """Whether a large result is counted to the end."""

    def query(self) -> str:
        """The query string that parses back to these filters, without defaults: equal if equal."""
        given = {name: _written(getattr(self, field)) for name, (field, _parse) in READERS.items()}
        default = {
            name: _written(getattr(DEFAULTS, field)) for name, (field, _parse) in READERS.items()
        }
        changed = {name: value for name, value in given.items() if value != default[name]}
        return urlencode(changed, safe=",")

    def link(self, **changes: Any) -> str:
        """The query string after a change, on the first page unless the change names one."""
        anew = {"page": 1, "after": None, "before": None, "count": False}
        return replace(self, **{**anew, **changes}).query()

    def is_counted(self) -> bool:
        """Whether totals are kept of just these orders."""
        said: dict[str, Any] = {"status": self.status, "sales": self.sales, "company": self.company}
        return replace(self, **PLACE) == OrderFilters(**said)

    def texts(self) -> list[str]:
        """What is searched for in names; the longest first, as it finds the fewest."""
        texts = {text for text in (*self.words(), self.customer) if fold(text)}
        return sorted(texts, key=lambda text: (-len(text), text))

    def words(self) -> list[str]:
        """Those searched for that have a letter or digit to compare."""
        return [word for word in self.q.split() if fold(word)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The filters a query string asks for, and in plain words what of it was left out."""

    filters: OrderFilters
    notes: tuple[str, ...]


def parse(params: QueryDict) -> Parsed:
    notes: list[str] = []
    values: dict[str, Any] = {}
    for name, (field, read) in READERS.items():
        given = [value.strip() for value in params.getlist(name) if value.strip()]
        try:
            if given:
                values[field] = read(given)
        except ValueError as exc:
            notes.append(
                _("The filter “%(name)s” was left out: %(reason)s") % {"name": name, "reason": exc}
            )
    unknown = [name for name in params if name not in READERS]
    notes += [
        _("“%(name)s” was ignored: there is no such filter.") % {"name": n[:LONGEST_TEXT]}
        for n in unknown
    ]
    filters = OrderFilters(**values)
    return Parsed(filters=filters, notes=(*notes, *_contradictions(filters)))


def parse_page(params: QueryDict) -> int:
    """The page number of a list without filters; the first when it cannot be read."""
    try:
        return _page([params.get("page", "1")])
    except ValueError:
        return 1


def restrict(
    orders: SalesOrderQuerySet,
    filters: OrderFilters,
    *,
    today: date,
    meanings: search.Meanings,
) -> SalesOrderQuerySet:
    """The orders that match, of those of the chosen company. Sorting and paging are the caller's.

    For pages that stop when they are full. All of a few orders are found by `ways_to_find`.
    """
    conditions = [*_plain_conditions(filters, today), *_text_conditions(filters, meanings)]
    return orders.filter(*conditions)


def ways_to_find(
    orders: SalesOrderQuerySet, filters: OrderFilters, *, today: date, meanings: search.Meanings
) -> list[SalesOrderQuerySet]:
    """The same orders, beginning with one of the texts; some are found more than once."""
    named = search.best_to_begin_with(meanings)
    if named is None:
        return [ordered(restrict(orders, filters, today=today, meanings=meanings), DEFAULTS.sort)]
    if named.text == filters.customer:
        ways = [search.find_customer(named)]
        others = replace(filters, customer="")
    else:
        ways = search.ways_to_find(named)
        others = replace(filters, q=" ".join(set(filters.words()) - {named.text}))
    return [restrict(orders.filter(way), others, today=today, meanings=meanings) for way in ways]


def _plain_conditions(filters: OrderFilters, today: date) -> Iterable[Q]:
    yield with_status(filters.status)
    yield from _with_dates(filters)
    if len(filters.sales) == 1:  # a list, even of one, may keep a database from its index's order
        yield Q(sales_person_code=filters.sales[0])
    elif filters.sales:
        yield Q(sales_person_code__in=filters.sales)
    if filters.maker:
        lines = OrderLine.objects.filter(order=OuterRef("pk"), removed_at=None)
        yield Q(Exists(lines.filter(manufacturer_code__in=filters.maker)))
    if filters.overdue:
        yield Q(document_status=OPEN, doc_due_date__lt=today)


def _text_conditions(filters: OrderFilters, meanings: search.Meanings) -> Iterable[Q]:
    yield from (search.matches(word, meanings) for word in filters.words())
    if fold(filters.customer):
        yield search.of_customer(filters.customer, meanings)


def with_status(status: str) -> Q:
    """Every order is listed under one status; a cancelled one that is open is found as both."""
    if status == "all":
        return Q()
    return Q(document_status=OPEN) if status == "open" else Q(listed_as=status)


def _with_dates(filters: OrderFilters) -> Iterable[Q]:
    if filters.posted_from or filters.posted_to:
        yield Q(doc_date__isnull=False)
    lookups = {
        "listed_on__gte": filters.posted_from,
        "listed_on__lte": filters.posted_to,
        "doc_due_date__gte": filters.due_from,
        "doc_due_date__lte": filters.due_to,
    }
    yield from (Q(**{lookup: day}) for lookup, day in lookups.items() if day)


def _contradictions(filters: OrderFilters) -> Iterable[str]:
    pairs = (
        (filters.posted_from, filters.posted_to, _("from"), _("to")),
        (filters.due_from, filters.due_to, "due_from", "due_to"),
    )
    for start, end, first, second in pairs:
        if start and end and start > end:
            yield _("%(first)s is after %(second)s, so no order can match.") % {
                "first": first,
                "second": second,
            }


def _choice(*words: str) -> Callable[[list[str]], str]:
    def read(given: list[str]) -> str:
        if given[-1] not in words:
            raise ValueError(
                _("“%(given)s” is not one of %(words)s.")
                % {"given": given[-1][:LONGEST_TEXT], "words": ", ".join(words)}
            )
        return given[-1]

    return read


def _text(given: list[str]) -> str:
    if len(given[-1]) > LONGEST_TEXT or not given[-1].isprintable():
        raise ValueError(_("use at most %(most)s ordinary characters.") % {"most": LONGEST_TEXT})
    return " ".join(given[-1].split())


def _day(given: list[str]) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", given[-1], re.ASCII):
            return date.fromisoformat(given[-1])
    except ValueError:
        pass  # such as 2026-02-30: the same advice helps
    raise ValueError(
        _("“%(given)s” is not a date such as 2026-11-20.") % {"given": given[-1][:LONGEST_TEXT]}
    )


def _codes(given: list[str]) -> tuple[int, ...]:
    codes = [code for text in given for code in text.split(",") if code]
    bad = [code for code in codes if not re.fullmatch(r"-?\d{1,9}", code, re.ASCII)]
    if bad or len(codes) > MOST_CODES:
        shown = ", ".join(bad or codes)[:LONGEST_TEXT]
        raise ValueError(_("“%(given)s” is not a list of codes.") % {"given": shown})
    return tuple(sorted({int(code) for code in codes}))


def _yes(given: list[str]) -> bool:
    if given[-1] != "1":
        raise ValueError(_("only 1 is understood."))
    return True


def _page(given: list[str]) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", given[-1], re.ASCII):
        raise ValueError(
            _("“%(given)s” is not a page number.") % {"given": given[-1][:LONGEST_TEXT]}
        )
    return int(given[-1])


def _size(given: list[str]) -> int:
    return int(_choice(*map(str, SIZES))(given))


def _key(given: list[str]) -> Key:
    day, _comma, entry = given[-1].partition(",")
    if not re.fullmatch(r"\d{1,10}", entry, re.ASCII) or int(entry) > HIGHEST_ENTRY:
        raise ValueError(
            _("“%(given)s” is not the place of an order.") % {"given": given[-1][:LONGEST_TEXT]}
        )
    return Key(_day([day]), int(entry))


def _sort(given: list[str]) -> str:
    _choice(*COLUMNS)([given[-1].removeprefix("-")])
    return given[-1]


def _written(value: object) -> str:
    if isinstance(value, tuple):  # codes, or a place
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else str(value)


READERS: dict[str, tuple[str, Callable[[list[str]], Any]]] = {
    "status": ("status", _choice(*STATUSES)),
    "q": ("q", _text),
    "customer": ("customer", _text),
    "sales": ("sales", _codes),
    "maker": ("maker", _codes),
    "from": ("posted_from", _day),
    "to": ("posted_to", _day),
    "due_from": ("due_from", _day),
    "due_to": ("due_to", _day),
    "overdue": ("overdue", _yes),
    "company": ("company", _text),
    "sort": ("sort", _sort),
    "page": ("page", _page),
    "size": ("size", _size),
    "after": ("after", _key),
    "before": ("before", _key),
    "count": ("count", _yes),
}
"""Parameter name in the query string: the field it fills, and how its values are read."""

DEFAULTS = OrderFilters()
PLACE: dict[str, Any] = {
    name: getattr(DEFAULTS, name) for name in ("sort", "page", "size", "after", "before", "count")
}
"""What says which part of a result is shown, and how, but not which orders it has."""
