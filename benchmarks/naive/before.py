"""*Before*, and *tuned*: every run fetches everything and writes all of it again.

A run reads all open orders and the orders of the last days, a day at a time; updates every order;
deletes its lines and creates them anew; and closes open orders that it did not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import cache

from django.db import connection, transaction

from benchmarks.naive.feed import Document, Feed
from benchmarks.naive.models import Item, Line, Order
from benchmarks.naive.rows import CLOSED, OPEN, ORDER_FIELDS, fill, lines_of

PAGE = 20
DAYS = 4
LINES_AT_ONCE = 2_000
TUNED_ORDERS_AT_ONCE = 5_000
TUNED_LINES_AT_ONCE = 20_000


def refresh(feed: Feed, today: date) -> int:
    """One run of *before*; how many rows of orders and lines it wrote."""
    documents = _fetch(feed, today)

    @cache
    def manufacturer_of(item_code: str) -> str:
        item = Item.objects.select_related("manufacturer").filter(item_code=item_code).first()
        return item.manufacturer.name if item and item.manufacturer else ""

    written = 0
    lines: list[Line] = []
    with transaction.atomic():
        known = {order.doc_entry: order for order in Order.objects.all()}
        for entry, document in documents.items():
            order = fill(known.get(entry) or Order(), document)
            order.save()
            if entry in known:
                written += order.lines.all().delete()[0]
            lines += lines_of(order.pk, document, manufacturer_of)
        Line.objects.bulk_create(lines, batch_size=LINES_AT_ONCE)
        return written + len(documents) + len(lines) + close_unseen(documents)


def refresh_tuned(feed: Feed, today: date) -> int:
    """One run of *tuned*: on indexed tables, items looked up once, larger batches."""
    documents = _fetch(feed, today)
    with transaction.atomic():
        manufacturer_of = manufacturers()
        ids = upsert_orders(documents.values(), batch=TUNED_ORDERS_AT_ONCE)
        written = 0
        for keys in _chunks(list(ids.values()), TUNED_ORDERS_AT_ONCE):
            written += Line.objects.filter(order_id__in=keys).delete()[0]
        lines = [
            line
            for entry, document in documents.items()
            for line in lines_of(ids[entry], document, manufacturer_of)
        ]
        Line.objects.bulk_create(lines, batch_size=TUNED_LINES_AT_ONCE)
        return written + len(documents) + len(lines) + close_unseen(documents)


def manufacturers() -> Callable[[str], str]:
    names = dict(Item.objects.values_list("item_code", "manufacturer__name"))
    return lambda item_code: names.get(item_code) or ""


def upsert_orders(documents: Iterable[Document], *, batch: int) -> dict[int, int]:
    """The orders' keys by DocEntry."""
    orders = [fill(Order(), document) for document in documents]
    named = connection.features.supports_update_conflicts_with_target
    Order.objects.bulk_create(
        orders,
        batch_size=batch,
        update_conflicts=True,
        update_fields=ORDER_FIELDS,
        unique_fields=["doc_entry"] if named else None,
    )
    ids: dict[int, int] = {}
    for entries in _chunks([order.doc_entry for order in orders], batch):
        found = Order.objects.filter(doc_entry__in=entries)
        ids |= dict(found.values_list("doc_entry", "pk"))
    return ids


def close_unseen(documents: dict[int, Document]) -> int:
    here = Order.objects.filter(document_status=OPEN).values_list("doc_entry", flat=True)
    gone = set(here) - documents.keys()
    return Order.objects.filter(doc_entry__in=gone).update(document_status=CLOSED)


def _fetch(feed: Feed, today: date) -> dict[int, Document]:
    documents = list(feed.orders(f"DocumentStatus eq '{OPEN}'"))
    for ago in range(DAYS):
        documents += feed.orders(f"DocDate eq '{today - timedelta(days=ago)}'")
    return {document["DocEntry"]: document for document in documents}


def _chunks(values: list[int], size: int) -> Iterable[list[int]]:
    return (values[first : first + size] for first in range(0, len(values), size))
