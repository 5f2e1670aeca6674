"""OrderMirror's techniques, each to be switched off alone: the product patched by name.

One more technique is one more line in SWITCHES: what it is called when it is off, what is measured
with it, and a context in which the product does without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection
from django.test import override_settings

from benchmarks.names import (
    AS_IT_IS,
    FIRST_LOAD,
    MANY_CHANGED,
    PAGE,
    READ_ALL,
    REFRESH,
    TEN_CHANGED,
)
from ordermirror import sync
from ordermirror.core.diff import OrderDiff, diff_order
from ordermirror.core.mapping import with_all_lines
from ordermirror.models import Company, OrderLine, SalesOrder, SalesPerson
from ordermirror.records import Order
from ordermirror.sap.transport import Answer, HttpTransport
from ordermirror.store.manufacturers import Found, Lookup
from ordermirror.store.master_data import manufacturers_of

LARGE_PAGE = 5_000
"""Whole orders a page: the most that is allowed, 39,000 lines of them."""
MOST_ITEMS = 1_000_000
"""All at once."""


@dataclass(frozen=True, slots=True)
class Switch:
    """`during` are the kinds of work that are measured with the technique off."""

    during: tuple[str, ...]
    off: Callable[[], AbstractContextManager[Any]]


def _rows_a_statement(rows: int, *, page: int | None = None) -> AbstractContextManager[Any]:
    """A batch is one page: without larger ones there are no more rows to write at once."""
    stack = ExitStack()
    stack.enter_context(patch("ordermirror.store.tables.ROWS_A_STATEMENT", rows))
    if page:
        larger = replace(settings.ORDERMIRROR, sap_page_size=page)
        stack.enter_context(override_settings(ORDERMIRROR=larger))
    return stack


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Those of orders and lines that are for reading; made again afterwards."""
    indexes = [(it, index) for it in (SalesOrder, OrderLine) for index in it._meta.indexes]
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.remove_index(model, index)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            for model, index in indexes:
                editor.add_index(model, index)


def _everything_differs() -> AbstractContextManager[Any]:
    stack = ExitStack()
    stack.enter_context(_no_hashes())
    stack.enter_context(_written_whole(lambda told: True))
    return stack


def _changed_written_whole() -> AbstractContextManager[Any]:
    def differs(told: OrderDiff) -> bool:
        lines = told.created_lines or told.changed_lines or told.removed_line_nums
        return told.header_changed or bool(lines)

    return _written_whole(differs)


def _written_whole(which: Callable[[OrderDiff], bool]) -> AbstractContextManager[Any]:
    """The header and each line of an order, whatever of them differs."""

    def diff(stored: Order, fetched: Order, *removed: Any) -> OrderDiff:
        told = diff_order(stored, fetched, *removed)
        if not which(told):
            return told
        return replace(with_all_lines(told, fetched), header_changed=True)

    return patch("ordermirror.store.apply.diff_order", diff)


def _no_hashes() -> AbstractContextManager[Any]:
    return patch("ordermirror.store.remembered.tells_nothing_new", lambda *known: False)


def _manufacturers_asked(items_at_once: int) -> AbstractContextManager[Any]:
    """In each batch anew, nothing being remembered of the one before."""

    def of(self: Lookup, item_codes: Collection[str], *, more_to_come: bool) -> Found:
        codes = sorted(item_codes)
        found: dict[str, int | None] = {}
        for first in range(0, len(codes), items_at_once):
            some = codes[first : first + items_at_once]
            found |= manufacturers_of(self._company.pk, some)
        unknown = frozenset(code for code in codes if code not in found)
        self.found_unknown |= bool(unknown)
        return Found({code: found.get(code) for code in codes}, unknown)

    return patch.object(Lookup, "of", of)


@contextmanager
def _manufacturers_remembered() -> Iterator[None]:
    """As by a run before in the same process; each run that is measured has one of its own."""
    for company in Company.objects.all():
        sync.MEMORY.remember(company.manufacturers_version, manufacturers_of(company.pk, None))
    yield


def _connection_a_request() -> AbstractContextManager[Any]:
    send = HttpTransport.send

    def alone(self: HttpTransport, *request: Any) -> Answer:
        self._pool.clear()
        return send(self, *request)

    return patch.object(HttpTransport, "send", alone)


@contextmanager
def _everything_logged() -> Iterator[None]:
    """As with DEBUG: each statement is kept and written out."""
    handler = logging.FileHandler("/dev/null")
    handler.setFormatter(logging.Formatter("{asctime} {levelname} {name}: {message}", style="{"))
    root = logging.getLogger()
    level, handlers = root.level, root.handlers
    root.setLevel(logging.DEBUG)
    root.handlers = [handler]
    connection.force_debug_cursor = True
    try:
        yield
    finally:
        connection.force_debug_cursor = False
        root.setLevel(level)
        root.handlers = handlers
        handler.close()


class _AskedEachTime(dict[tuple[int, int], str]):
    def get(self, person: tuple[int, int], default: Any = None) -> Any:
        company, code = person
        people = SalesPerson.objects.filter(company=company, sales_employee_code=code)
        found = people.values_list("sales_employee_name", flat=True).first()
        return default if found is None else found


def _names_one_by_one() -> AbstractContextManager[Any]:
    from ordermirror.web import order_list

    row = order_list._row

    def asking(*values: Any, people: Any, **others: Any) -> Any:
        return row(*values, people=_AskedEachTime(), **others)

    return patch("ordermirror.web.order_list._row", asking)


@contextmanager
def _connection_a_page() -> Iterator[None]:
    """As with CONN_MAX_AGE 0."""
    from django.core.handlers.wsgi import WSGIHandler

    answer = WSGIHandler.__call__

    def alone(self: Any, *request: Any) -> Any:
        connection.close()
        return answer(self, *request)

    with patch.object(WSGIHandler, "__call__", alone):
        yield


CHANGED = (TEN_CHANGED, MANY_CHANGED)
SWITCHES: dict[str, Switch] = {
    AS_IT_IS: Switch((FIRST_LOAD, REFRESH, *CHANGED, READ_ALL, PAGE), nullcontext),
    "one row a statement": Switch((FIRST_LOAD,), partial(_rows_a_statement, 1)),
    **{
        f"pages of {LARGE_PAGE:,} orders, {rows:,} rows a statement": Switch(
            (FIRST_LOAD,), partial(_rows_a_statement, rows, page=LARGE_PAGE)
        )
        for rows in (500, 2_000, 5_000, 20_000)
    },
    "without indexes": Switch((FIRST_LOAD, PAGE), _without_indexes),
    "manufacturers asked item by item": Switch(
        (FIRST_LOAD, *CHANGED), partial(_manufacturers_asked, 1)
    ),
    "manufacturers asked batch by batch": Switch(
        (FIRST_LOAD,), partial(_manufacturers_asked, MOST_ITEMS)
    ),
    "manufacturers remembered by a run before": Switch(CHANGED, _manufacturers_remembered),
    "changed orders written whole": Switch(CHANGED, _changed_written_whole),
    "a connection to SAP for each request": Switch((FIRST_LOAD, REFRESH), _connection_a_request),
    "everything logged": Switch((FIRST_LOAD, REFRESH, PAGE), _everything_logged),
    "cycles looked for as usual": Switch(
        (FIRST_LOAD,), lambda: patch("ordermirror.sync._rare_collections", nullcontext)
    ),
    "unchanged documents decoded and compared": Switch((READ_ALL,), _no_hashes),
    "unchanged documents decoded, compared and written": Switch((READ_ALL,), _everything_differs),
    "names of sales people asked one by one": Switch((PAGE,), _names_one_by_one),
    "a connection to the database for each page": Switch((PAGE,), _connection_a_page),
}
"""A quiet run against every order read again is what the incremental probes bring.

As it is, a run that changes something looks its items' manufacturers up at once, since its process
remembers none.
"""
