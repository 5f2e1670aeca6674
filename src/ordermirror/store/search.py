"""What searches look in, kept beside the orders: names of customers and items, references' words.

Names are only added: one that no order has any more leads to codes that no order has.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from typing import NamedTuple

from ordermirror.core.folding import fold, searchable, starts
from ordermirror.models import (
    WORD_LENGTH,
    WORDS_PER_ORDER,
    OrderLine,
    ReferenceWord,
    SalesOrder,
    SearchName,
    order_id,
    word_id,
)
from ordermirror.records import Order
from ordermirror.store.dialects import Row
from ordermirror.store.tables import Table, among_written, hashed

NAMES = Table(SearchName, ("id", "company", "kind", "code", "name", "folded_code", "folded_name"))
WORDS = Table(ReferenceWord, ("id", "company", "order", "start"))
CUSTOMER, ITEM = SearchName.Kind.CUSTOMER.value, SearchName.Kind.ITEM.value


class Name(NamedTuple):
    kind: str
    code: str
    name: str | None


def write(
    company_id: int,
    changes: Collection[tuple[Order | None, Order]],
    known: Container[Name] = frozenset(),
) -> set[Name]:
    """For orders that were the first and are the second; a statement for names, one for words.

    A changed reference costs one more; what did not change costs none, nor do `known` names.
    Returns the names that were written.
    """
    new = {name for before, after in changes for name in _new_names(before, after)}
    new = {name for name in new if name not in known}
    NAMES.insert_new(_name_row(company_id, name) for name in new)
    _write_words(company_id, changes)
    return new


def _new_names(before: Order | None, after: Order) -> set[Name]:
    return set(_names(after)) - (set(_names(before)) if before else set())


def _names(order: Order) -> Iterator[Name]:
    if order.card_code:
        yield Name(CUSTOMER, order.card_code, order.card_name)
    for line in order.lines:
        if line.item_code:
            yield Name(ITEM, line.item_code, line.item_description)


def _name_row(company_id: int, name: Name) -> Row:
    key = hashed(f"{company_id}\n{name.kind}\n{name.code}\n{name.name!r}")
    return (key, company_id, *name, fold(name.code), fold(name.name))


def _write_words(company_id: int, changes: Iterable[tuple[Order | None, Order]]) -> None:
    rows: list[Row] = []
    old: list[int] = []
    for before, after in changes:
        if before is not None and before.num_at_card == after.num_at_card:
            continue
        order = order_id(company_id, after.doc_entry)
        if before is not None:
            old += [word_id(order, place) for place in range(WORDS_PER_ORDER)]
        rows += _word_rows(company_id, order, after.num_at_card)
    if old:
        ReferenceWord.objects.filter(id__in=among_written(old)).delete()
    WORDS.insert_new(rows)


def _word_rows(company_id: int, order: int, reference: str | None) -> list[Row]:
    return [
        (word_id(order, place), company_id, order, searchable(text, WORD_LENGTH))
        for place, text in enumerate(starts(reference, WORDS_PER_ORDER))
    ]


def words(company_id: int) -> list[Row]:
    """The rows that the company's orders ask for: reads all of them."""
    orders = SalesOrder.objects.filter(company_id=company_id).order_by("id")
    return [
        row
        for order, reference in orders.values_list("id", "num_at_card")
        for row in _word_rows(company_id, order, reference)
    ]


def names(company_id: int) -> set[Name]:
    """What customers and items are called now: reads all orders and lines.

    Told apart here, since databases disagree on whether ACME and Acme are distinct.
    """
    of_company = SalesOrder.objects.filter(company_id=company_id).exclude(card_code=None)
    customers = of_company.values_list("card_code", "card_name")
    lines = OrderLine.objects.filter(order__company_id=company_id).exclude(item_code=None)
    items = lines.values_list("item_code", "item_description")
    return {
        *(Name(CUSTOMER, code, name) for code, name in customers.iterator() if code),
        *(Name(ITEM, code, name) for code, name in items.iterator() if code),
    }


def rebuild(company_id: int) -> None:
    """Write it all anew. Inside the transaction of a lease, or with no run active."""
    SearchName.objects.filter(company_id=company_id).delete()
    ReferenceWord.objects.filter(company_id=company_id).delete()
    NAMES.insert_new(_name_row(company_id, name) for name in names(company_id))
    WORDS.insert_new(words(company_id))
