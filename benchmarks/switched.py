"""OrderMirror with one technique off, told over a pipe what to do."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import Thread
from typing import Any
from unittest.mock import patch

from django.db import connections

from benchmarks.names import FIRST_LOAD, IN_THREAD, PAGE, PRODUCT, READ_ALL
from benchmarks.reader import logged_in
from benchmarks.worker import Figures, measured, prepare, serve
from ordermirror.core.chunks import in_chunks

ForkedProcess = multiprocessing.get_context("fork").Process
PAGES = 30
ROWS_OF_A_PAGE = 100


def act(told: dict[str, Any]) -> Any:
    from benchmarks.switches import SWITCHES
    from benchmarks.systems import SYSTEMS, refreshed

    if told["what"] == "prepare":
        return SYSTEMS[PRODUCT].prepare()
    if told["what"] == "switches":
        return {name: switch.during for name, switch in SWITCHES.items()}
    if told["what"] == "totals":
        return pending_totals()
    if told["what"] == "background":
        return pages_meanwhile(told["where"], datetime.fromisoformat(told["now"]))
    with SWITCHES[told["off"]].off():
        if told["what"] == PAGE:
            return _pages()
        now, full = datetime.fromisoformat(told["now"]), told["what"] == READ_ALL
        with largest_statement() as rows:
            figures = measured(lambda: {"rows": refreshed(now, full=full)})
        told_of_bulk = {"most rows in a statement": max(rows, default=0)}
        return figures | (told_of_bulk if told["what"] == FIRST_LOAD else {})


@contextmanager
def largest_statement() -> Iterator[list[int]]:
    """How many rows each of the statements writes that write many."""
    written: list[int] = []

    def noted(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
        for chunk in in_chunks(rows, size):
            written.append(len(chunk))
            yield chunk

    with patch("ordermirror.store.tables.in_chunks", noted):
        yield written


def _pages() -> Figures:
    """The first page of open orders, as a person who is logged in asks for it."""
    client = logged_in()
    client.get("/orders/")
    return _each(measured(lambda: _times(lambda: client.get("/orders/"))))


def _each(figures: Figures) -> Figures:
    """Of one of many."""
    return {
        "ms": figures["ms"],
        "statements": figures["statements"] / PAGES,
        "memory": figures["memory"],
    }


def pages_meanwhile(where: str, now: datetime) -> Figures:
    """Pages while every order is read again, in a thread of the same process or elsewhere."""
    from benchmarks.systems import refreshed

    client = logged_in()
    client.get("/orders/")
    work = partial(refreshed, now, full=True)
    connections.close_all()
    running = (Thread if where == IN_THREAD else ForkedProcess)(target=work)
    running.start()
    taken = []
    while running.is_alive():
        began = time.perf_counter()
        client.get("/orders/")
        taken.append((time.perf_counter() - began) * 1000)
    running.join()
    taken.sort()
    return {"ms": statistics.median(taken), "p99 ms": taken[int(len(taken) * 0.99)]}


def _times(work: Callable[[], Any]) -> Figures:
    """Milliseconds of one, the median of many."""
    taken = []
    for _ in range(PAGES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return {"ms": statistics.median(taken) * 1000}


def pending_totals() -> dict[str, Figures]:
    """What is pending on the orders of a page: stored, by a subquery for each, by a join."""
    from django.db.models import OuterRef, Subquery, Sum

    from ordermirror.models import OrderLine, SalesOrder

    page = SalesOrder.objects.open().order_by("-listed_on", "-doc_entry")
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    summed = Subquery(lines.annotate(sum=Sum("pending_amount")).values("sum"))
    ways = {
        "stored": page.values_list("doc_entry", "pending_total"),
        "by a subquery": page.values_list("doc_entry").annotate(pending=summed),
        "by a join": page.values_list("doc_entry").annotate(pending=Sum("lines__pending_amount")),
    }
    return {
        name: _each(measured(partial(_times, partial(_read, rows)))) for name, rows in ways.items()
    }


def _read(rows: Any) -> None:
    list(rows[:ROWS_OF_A_PAGE])


if __name__ == "__main__":
    prepare()
    serve(act)
