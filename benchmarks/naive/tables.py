"""The baselines' tables: made, indexed as each baseline has them, and given their items."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection, models

from benchmarks.naive.feed import Feed
from benchmarks.naive.models import Item, Line, Manufacturer, Order

INDEXES = (
    (Item, models.Index(fields=["item_code"], name="naive_item_code")),
    (Order, models.Index(fields=["document_status", "doc_date"], name="naive_order_status")),
    (Order, models.Index(fields=["card_code"], name="naive_order_customer")),
    (Line, models.Index(fields=["item_code"], name="naive_line_item")),
)
UNIQUE = (
    "CREATE UNIQUE INDEX naive_order_entry ON naive_order (doc_entry)",
    "CREATE UNIQUE INDEX naive_line_number ON naive_line (order_id, line_num)",
)
"""What upserts need; in SQL, since SQLite's schema editor would make the tables anew."""


def prepare(feed: Feed, *, indexed: bool) -> None:
    call_command("migrate", "naive", run_syncdb=True, verbosity=0)
    if indexed:
        with connection.schema_editor() as editor:
            for model, index in INDEXES:
                editor.add_index(model, index)
            for statement in UNIQUE:
                editor.execute(statement)
    _fill_items(feed)


def _fill_items(feed: Feed) -> None:
    makers = {
        row["Code"]: Manufacturer(code=row["Code"], name=row["ManufacturerName"])
        for row in feed.rows("Manufacturers", select="Code,ManufacturerName")
    }
    Manufacturer.objects.bulk_create(makers.values())
    by_code = {maker.code: maker for maker in Manufacturer.objects.all()}
    Item.objects.bulk_create(
        Item(item_code=row["ItemCode"], manufacturer=by_code.get(row["Manufacturer"]))
        for row in feed.rows("Items", select="ItemCode,Manufacturer")
    )
