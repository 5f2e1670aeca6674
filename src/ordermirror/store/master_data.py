"""Mirrored master data, and lines that follow their items.

Only rows that differ are written. What SAP no longer lists stays: orders still carry its code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model

from ordermirror import models
from ordermirror.core.chunks import in_chunks
from ordermirror.models import Company, Item, OrderLine, new_version, order_id
from ordermirror.records import Customer, Manufacturer, SalesPerson, ToldCustomer
from ordermirror.records import Item as ItemRecord
from ordermirror.store.tables import Table, among, among_written, hashed

ITEMS = Table(Item, ("id", "company", "item_code", "item_name", "manufacturer", "ask_at"))
CUSTOMERS = Table(models.Customer, ("id", "company", *Customer._fields[:-1]))
MANUFACTURERS = Table(models.Manufacturer, ("id", "company", *Manufacturer._fields))
CODES_AT_ONCE = 500
MOST_ASKED_FOR = 1000
ASK_AGAIN_AFTER = timedelta(days=1)
"""For an item that SAP did not show: one created meanwhile is found by its day of creation."""
CODES_PER_COMPANY = 2**32

Code = TypeVar("Code", int, str)


class AppliedItems(NamedTuple):
    """Rows that were written, lines included, and whose the items are that changed hands."""

    rows_written: int
    manufacturers: frozenset[int | None] = frozenset()


def item_id(company_id: int, item_code: str) -> int:
    return hashed(f"{company_id}\nitem\n{item_code}")


def customer_id(company_id: int, card_code: str) -> int:
    return hashed(f"{company_id}\ncustomer\n{card_code}")


def manufacturer_id(company_id: int, code: int) -> int:
    return company_id * CODES_PER_COMPANY + code


def apply_sales_people(company_id: int, people: Sequence[SalesPerson]) -> int:
    """Insert and update those that differ; returns how many rows were written.

    Whether one is active stays as it is where that is not told (None).
    """
    stored = {
        row.sales_employee_code: row
        for row in models.SalesPerson.objects.filter(company_id=company_id)
    }
    written = 0
    for person in people:
        row = stored.get(person.sales_employee_code)
        if row and person.active is None:
            person = person._replace(active=row.active)
        if row is None or (row.sales_employee_name, row.active) != person[1:]:
            models.SalesPerson.objects.update_or_create(
                company_id=company_id,
                sales_employee_code=person.sales_employee_code,
                defaults=person._asdict(),
            )
            written += 1
    return written


def apply_manufacturers(company_id: int, rows: Iterable[Manufacturer]) -> int:
    """Insert and update those that differ; returns how many rows were written."""
    given = {manufacturer_id(company_id, row.code): row for row in rows}
    return _write_differing(MANUFACTURERS, company_id, given)


def apply_customers(company_id: int, rows: Iterable[Customer]) -> int:
    """Insert and update those that differ; returns how many rows were written."""
    given = {customer_id(company_id, row.card_code): row[:-1] for row in rows}
    return _write_differing(CUSTOMERS, company_id, given)


def apply_told(company_id: int, customers: Iterable[ToldCustomer]) -> int:
    """The same of customers of whom some fields are told; the others stay as they are."""
    told = {customer_id(company_id, it.card_code): it.told for it in customers}
    stored, names = _stored(CUSTOMERS, told), Customer._fields[:-1]
    nothing = (None,) * len(names)
    given = {
        key: tuple(
            fields.get(name, before)
            for name, before in zip(names, stored.get(key, nothing), strict=True)
        )
        for key, fields in told.items()
    }
    differing = ((key, company_id, *row) for key, row in given.items() if stored.get(key) != row)
    return CUSTOMERS.upsert(differing)


def apply_items(company: Company, rows: Iterable[ItemRecord]) -> AppliedItems:
    """Insert and update those that differ, and give their lines their manufacturers.

    Inside a transaction, so that lines never show what their item no longer says.
    """
    given = {item_id(company.pk, row.item_code): (*row[:-1], None) for row in rows}
    stored = _stored(ITEMS, given)
    differing = {key: row for key, row in given.items() if stored.get(key) != row}
    written = ITEMS.upsert((key, company.pk, *row) for key, row in differing.items())
    moved = {
        code: manufacturer
        for key, (code, _, manufacturer, _) in differing.items()
        if key not in stored or stored[key][2] != manufacturer
    }
    if not moved:
        return AppliedItems(written)
    company.manufacturers_version = new_version()
    company.save(update_fields=["manufacturers_version"])
    written += _lines_follow(company.pk, moved)
    return AppliedItems(written, frozenset(moved.values()))


def customers_not_stored(company_id: int, codes: Collection[str]) -> set[str]:
    return _not_stored(models.Customer, {customer_id(company_id, code): code for code in codes})


def sales_people_not_stored(company_id: int, codes: Collection[int]) -> set[int]:
    people = models.SalesPerson.objects.filter(company_id=company_id, sales_employee_code__in=codes)
    return set(codes) - set(people.values_list("sales_employee_code", flat=True))


def manufacturers_not_stored(company_id: int, codes: Collection[int]) -> set[int]:
    rows = {manufacturer_id(company_id, code): code for code in codes}
    return _not_stored(models.Manufacturer, rows)


def manufacturers_of(
    company_id: int, item_codes: Collection[str] | None = None
) -> dict[str, int | None]:
    """Of these items, or of all; those that are not stored are missing. One statement."""
    items = Item.objects.filter(company_id=company_id)
    if item_codes is not None:
        items = items.filter(id__in=among(item_id(company_id, code) for code in item_codes))
    return dict(items.values_list("item_code", "manufacturer"))


def note_unknown(company_id: int, item_codes: Collection[str], *, now: datetime) -> None:
    """Items that orders name and that are not stored are to be asked for."""
    if item_codes:
        ITEMS.insert_new(
            (item_id(company_id, code), company_id, code, None, None, now) for code in item_codes
        )


def to_ask_for(company_id: int, *, now: datetime) -> list[str]:
    """Codes of the items that are to be asked for by now, the first ones of very many."""
    items = Item.objects.filter(company_id=company_id, ask_at__lte=now).order_by("ask_at", "id")
    return list(items.values_list("item_code", flat=True)[:MOST_ASKED_FOR])


def not_shown(company_id: int, item_codes: Collection[str], *, now: datetime) -> None:
    """SAP was asked for these items and has none like them: they are asked for again tomorrow."""
    if item_codes:
        ids = among_written(item_id(company_id, code) for code in item_codes)
        Item.objects.filter(id__in=ids).update(ask_at=now + ASK_AGAIN_AFTER)


def _lines_follow(company_id: int, manufacturers: Mapping[str, int | None]) -> int:
    """By manufacturer, since new items of many are few manufacturers'."""
    items: dict[int | None, list[str]] = defaultdict(list)
    for item_code, manufacturer in manufacturers.items():
        items[manufacturer].append(item_code)
    lines = OrderLine.objects.filter(
        order__gte=order_id(company_id, 0), order__lt=order_id(company_id + 1, 0)
    )
    return sum(
        lines.filter(item_code__in=codes)
        .exclude(manufacturer_code=manufacturer)
        .update(manufacturer_code=manufacturer)
        for manufacturer, all_codes in items.items()
        for codes in in_chunks(all_codes, CODES_AT_ONCE)
    )


def _write_differing(table: Table, company_id: int, given: Mapping[int, tuple[Any, ...]]) -> int:
    stored = _stored(table, given)
    return table.upsert(
        (key, company_id, *row) for key, row in given.items() if stored.get(key) != tuple(row)
    )


def _not_stored(model: type[Model], codes: Mapping[int, Code]) -> set[Code]:
    """Codes, given by their rows' primary keys, of which there is no row. One statement."""
    rows = model._default_manager.filter(pk__in=among(codes))
    return {codes[key] for key in codes.keys() - set(rows.values_list("pk", flat=True))}


def _stored(table: Table, keys: Collection[int]) -> dict[int, tuple[Any, ...]]:
    """What is stored under these keys, without key and company. One statement at most."""
    if not keys:
        return {}
    names = [field.name for field in (table.fields[0], *table.fields[2:])]
    rows = table.model._default_manager.filter(pk__in=among(keys)).values_list(*names)
    return {key: tuple(row) for key, *row in rows}
