"""What a searched word may stand for, each way of it answered by an index.

Names first: what customers and items are called is a few thousand rows, which are read through.
Those found lead to orders and lines by the indexes of their codes. Databases are not left to join
the two by themselves: two of the three then read all orders (docs/decisions.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from ordermirror.core.folding import fold, searchable
from ordermirror.models import (
    WORD_LENGTH,
    WORDS_PER_ORDER,
    Manufacturer,
    OrderLine,
    ReferenceWord,
    SalesPerson,
    SearchName,
)

LONGEST_NUMBER = 10
AFTER_EVERY_DIGIT = "g"
"""Sorts after all hexadecimal digits, under any collation."""
MOST_NAMES = 300
"""A text that more names have leads to so many orders that a list finds them on its way."""
MOST_OFFERED = 2000
CUSTOMER, ITEM = SearchName.Kind.CUSTOMER.value, SearchName.Kind.ITEM.value
PERSON, MAKER = "", "maker"
OF_THE_FIRST, OF_OTHERS = 1, 2
NEVER = Q(doc_entry__lt=0)


@dataclass(slots=True)
class Called:
    """Codes that are meant, by themselves or by a name that goes with them."""

    by_code: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def any(self) -> bool:
        return bool(self.codes or self.by_code)

    def condition(self, code: str, name: str) -> Q:
        """On these two fields; one of many that share a code is meant only by its own name."""
        own = Q(**{f"{code}__in": self.by_code}) | Q(**{f"{name}__in": self.names})
        return Q(**{f"{code}__in": self.codes | self.by_code}) & own


class Named(NamedTuple):
    """What one text stands for."""

    text: str
    customers: Called
    items: Called

    def codes(self) -> int:
        """How many customers and items it stands for."""
        return sum(len(it.codes | it.by_code) for it in (self.customers, self.items))


Meanings = Mapping[str, Named]
"""By text, of those that are known to stand for few names."""


People = Mapping[tuple[int, int], str]
"""Names of sales people by company and code."""


class Offered(NamedTuple):
    """Names by code, as they are offered to choose from; `people_of` are those of each company.

    A code that companies use for several has all their names.
    """

    people: dict[int, str]
    makers: dict[int, str]
    people_of: People


def read_names(texts: Sequence[str], company_ids: Sequence[int]) -> tuple[Offered, Meanings]:
    """One statement: what sales people and manufacturers of these companies are called, and what
    the texts stand for there.

    A text that too many names have is left out. The first text counts most: its names are read
    even when those of the others are too many.
    """
    people = (
        SalesPerson.objects.filter(company__in=company_ids)
        .order_by()
        .annotate(rank=Value(0), kind=Value(PERSON), code=Value(""), name=F("sales_employee_name"))
    )
    makers = (
        Manufacturer.objects.filter(company__in=company_ids)
        .order_by()
        .annotate(rank=Value(0), kind=Value(MAKER), text=Value(""), name=F("manufacturer_name"))
    )
    rows = people.values_list(
        "rank", "kind", "company_id", "sales_employee_code", "code", "name"
    ).union(makers.values_list("rank", "kind", "company_id", "code", "text", "name"), all=True)
    most = MOST_OFFERED + 2 * MOST_NAMES
    if texts:
        rows = rows.union(_having(texts, company_ids), all=True).order_by("rank")[: most + 1]
    found = list(map(_Row._make, rows))
    offered = sorted((row for row in found if not row.rank), key=lambda row: (row.name, row.number))
    called = [row for row in found if row.rank]
    complete = list(texts)
    if len(found) > most:
        complete = complete[:1] if called[-1].rank == OF_OTHERS else []
    meanings = {text: _named(text, called) for text in complete}
    few = {text: named for text, named in meanings.items() if named.codes() <= MOST_NAMES}
    return _offered(offered), few


def _offered(rows: Sequence[_Row]) -> Offered:
    named: dict[str, dict[int, list[str]]] = {PERSON: {}, MAKER: {}}
    for row in rows:
        known = named[row.kind].setdefault(row.number, [])
        if row.name not in known:
            known.append(row.name)
    people, makers = (
        {number: " / ".join(names) for number, names in named[kind].items()}
        for kind in (PERSON, MAKER)
    )
    by_company = {(row.company, row.number): row.name for row in rows if row.kind == PERSON}
    return Offered(people, makers, by_company)


class _Row(NamedTuple):
    rank: int
    kind: str
    company: int
    number: int
    code: str
    name: str


def _having(
    texts: Sequence[str], company_ids: Sequence[int]
) -> QuerySet[SearchName, tuple[Any, ...]]:
    first, *others = (
        Q(folded_code__contains=fold(text)) | Q(folded_name__contains=fold(text)) for text in texts
    )
    rank = Case(When(first, then=Value(OF_THE_FIRST)), default=Value(OF_OTHERS))
    names = SearchName.objects.filter(reduce(or_, others, first), company__in=company_ids)
    ranked = names.annotate(rank=rank, number=Value(0))
    return ranked.values_list("rank", "kind", "company_id", "number", "code", "name")


def _named(text: str, rows: Iterable[_Row]) -> Named:
    found = Named(text, Called(), Called())
    folded = fold(text)
    for row in rows:
        called = found.customers if row.kind == CUSTOMER else found.items
        if folded in fold(row.code):
            called.by_code.add(row.code)
        if row.name is not None and folded in fold(row.name):
            called.codes.add(row.code)
            called.names.add(row.name)
    return found


def best_to_begin_with(meanings: Meanings) -> Named | None:
    """The text that seems to be of the fewest orders: a number, or one that few names have."""

    def cost(named: Named) -> float:
        number = any(char.isdecimal() for char in named.text)
        return named.codes() or (0 if number else math.inf)

    return min(meanings.values(), key=cost, default=None)


def matches(word: str, meanings: Meanings) -> Q:
    """For orders that are at hand already: a few look-ups for each."""
    folded, named = fold(word), meanings.get(word)
    first = OuterRef("pk") * WORDS_PER_ORDER
    words = ReferenceWord.objects.filter(
        _starts(folded, "start"), id__gte=first, id__lt=first + WORDS_PER_ORDER
    )
    condition = of_customer(word, meanings) | _numbered(folded) | Q(Exists(words))
    if named is None:
        return condition | _with_item(Q(_is_called(ITEM, folded, "item_code", "item_description")))
    if named.items.any():
        return condition | _with_item(named.items.condition("item_code", "item_description"))
    return condition


def _with_item(item: Q) -> Q:
    """Said twice of the order, PostgreSQL can't make it a list of all orders that have the item."""
    order = OuterRef("pk")
    return Q(Exists(OrderLine.objects.filter(item, order=order, order__gte=order, removed_at=None)))


def of_customer(text: str, meanings: Meanings) -> Q:
    """By code or name; a code that stands for many, as of cash customers, only by its own name."""
    if named := meanings.get(text):
        return find_customer(named)
    # Beside an alternative, a database does not turn it round and begin with the names.
    return Q(_is_called(CUSTOMER, fold(text), "card_code", "card_name")) | NEVER


def _is_called(kind: str, folded: str, code: str, name: str) -> Exists:
    own = Q(name=OuterRef(name), folded_name__contains=folded)
    names = SearchName.objects.filter(kind=kind, code=OuterRef(code))
    return Exists(names.filter(Q(folded_code__contains=folded) | own))


def ways_to_find(named: Named) -> list[Q]:
    """The same from the other end, each way along an index of its own.

    Together they find every match, some of them several times.
    """
    folded = fold(named.text)
    items = named.items.condition("lines__item_code", "lines__item_description")
    ways = [_starts(folded, "words__start")]
    if named.customers.any():
        ways.append(find_customer(named))
    if named.items.any():
        ways.append(items & Q(lines__removed_at=None))
    return [*ways, _numbered(folded)] if _is_number(folded) else ways


def find_customer(named: Named) -> Q:
    if not named.customers.any():
        return NEVER
    return named.customers.condition("card_code", "card_name")


def _starts(folded: str, column: str) -> Q:
    start = searchable(folded, WORD_LENGTH)
    return Q(**{f"{column}__gte": start, f"{column}__lt": start + AFTER_EVERY_DIGIT})


def _numbered(folded: str) -> Q:
    """Numbers that begin with these digits, as ranges of an index of numbers."""
    if not _is_number(folded):
        return NEVER
    condition = Q()
    for more in range(LONGEST_NUMBER - len(folded) + 1):
        low = int(folded) * 10**more
        condition |= Q(doc_num__range=(low, low + 10**more - 1))
    return condition


def _is_number(folded: str) -> bool:
    return folded.isdecimal() and len(folded) <= LONGEST_NUMBER
