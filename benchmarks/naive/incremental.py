"""*Incremental*: what was modified since the last run, the last days, the open set; bulk writes.

The open set is read whole, as the gateway of the replaced system answered it. *Keys only* is the
strongest baseline that is still simple: of the open set it reads the keys, and by key what left.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction

from benchmarks.naive.before import close_unseen, manufacturers, upsert_orders
from benchmarks.naive.feed import Document, Feed
from benchmarks.naive.models import Line, Order
from benchmarks.naive.rows import LINE_FIELDS, OPEN, lines_of

PAGE = 100
DAYS = 5
ROWS_AT_ONCE = 1_000


def refresh(feed: Feed, today: date) -> int:
    """How many rows of orders and lines it wrote."""
    documents = _changed(feed, today) | _documents(feed, f"DocumentStatus eq '{OPEN}'")
    return _write(documents) + close_unseen(documents)


def refresh_keys_only(feed: Feed, today: date) -> int:
    documents = _changed(feed, today)
    rows = feed.orders(f"DocumentStatus eq '{OPEN}'", select="DocEntry")
    still_open = {row["DocEntry"] for row in rows}
    here = set(Order.objects.values_list("doc_entry", flat=True))
    open_here = Order.objects.filter(document_status=OPEN).values_list("doc_entry", flat=True)
    missing = (still_open - here) | (set(open_here) - still_open)
    documents |= {it["DocEntry"]: it for it in feed.by_key(sorted(missing - documents.keys()))}
    return _write(documents)


def _changed(feed: Feed, today: date) -> dict[int, Document]:
    """Runs are minutes apart, and stamps are filtered by the day."""
    since = today - timedelta(days=DAYS)
    return _documents(feed, f"UpdateDate ge '{today}'") | _documents(feed, f"DocDate ge '{since}'")


def _documents(feed: Feed, condition: str) -> dict[int, Document]:
    return {document["DocEntry"]: document for document in feed.orders(condition)}


def _write(documents: dict[int, Document]) -> int:
    with transaction.atomic():
        ids = upsert_orders(documents.values(), batch=ROWS_AT_ONCE)
        manufacturer_of = manufacturers()
        lines = [
            line
            for entry, document in documents.items()
            for line in lines_of(ids[entry], document, manufacturer_of)
        ]
        named = connection.features.supports_update_conflicts_with_target
        Line.objects.bulk_create(
            lines,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            update_fields=LINE_FIELDS,
            unique_fields=["order", "line_num"] if named else None,
        )
        return len(ids) + len(lines) + _delete_gone(list(ids.values()), lines)


def _delete_gone(orders: list[int], lines: list[Line]) -> int:
    sent = {(line.order_id, line.line_num) for line in lines}
    gone: list[int] = []
    for first in range(0, len(orders), ROWS_AT_ONCE):
        here = Line.objects.filter(order_id__in=orders[first : first + ROWS_AT_ONCE])
        rows = here.values_list("pk", "order_id", "line_num")
        gone += [key for key, order, number in rows if (order, number) not in sent]
    return Line.objects.filter(pk__in=gone).delete()[0] if gone else 0
