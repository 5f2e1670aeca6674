"""OrderMirror's techniques, each to be switched off alone: the product patched by name.

One more technique is one more line in SWITCHES: what it is called when it is off, what is measured
with it, and a context in which the product does without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

from django.db import connection

from benchmarks.names import AS_IT_IS, FIRST_LOAD, PAGE, READ_ALL, REFRESH
from ordermirror.core.diff import OrderDiff, diff_order
from ordermirror.core.mapping import with_all_lines
from ordermirror.models import OrderLine, SalesOrder, SalesPerson
from ordermirror.records import Order
from ordermirror.sap.transport import Answer, HttpTransport


@dataclass(frozen=True, slots=True)
class Switch:
    """`during` are the kinds of work that are measured with the technique off."""

    during: tuple[str, ...]
    off: Callable[[], AbstractContextManager[Any]]


def _rows_a_statement(rows: int) -> AbstractContextManager[Any]:
    return patch("ordermirror.store.tables.ROWS_A_STATEMENT", rows)


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
    def diff(stored: Order, fetched: Order, *removed: Any) -> OrderDiff:
        told = with_all_lines(diff_order(stored, fetched, *removed), fetched)
        return replace(told, header_changed=True)

    stack = ExitStack()
    stack.enter_context(_no_hashes())
    stack.enter_context(patch("ordermirror.store.apply.diff_order", diff))
    return stack


def _no_hashes() -> AbstractContextManager[Any]:
    return patch("ordermirror.store.remembered.tells_nothing_new", lambda *known: False)


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


SWITCHES: dict[str, Switch] = {
    AS_IT_IS: Switch((FIRST_LOAD, REFRESH, READ_ALL, PAGE), nullcontext),
    "one row a statement": Switch((FIRST_LOAD,), partial(_rows_a_statement, 1)),
    "500 rows a statement": Switch((FIRST_LOAD,), partial(_rows_a_statement, 500)),
    "5,000 rows a statement": Switch((FIRST_LOAD,), partial(_rows_a_statement, 5_000)),
    "20,000 rows a statement": Switch((FIRST_LOAD,), partial(_rows_a_statement, 20_000)),
    "without indexes": Switch((FIRST_LOAD, PAGE), _without_indexes),
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
"""A quiet run against every order read again is what the incremental probes bring."""
