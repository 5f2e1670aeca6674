"""A large mirror and a person who reads it: `python -m benchmarks.reader`, asked over a pipe."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.worker import Figures, serve

READER, COMPANY = "benchmark", "SBOLARGE"
TIMES = 40
DATABASE_TIMES = 5
LINES = 8
PAGES = {
    "open orders": "/orders/?company=SBOLARGE",
    "closed orders": "/orders/?company=SBOLARGE&status=closed",
    "a sales person's orders": "/orders/?company=SBOLARGE&sales=3",
    "posted in a month": "/orders/?company=SBOLARGE&from=2025-06-01&to=2025-06-30&status=all",
    "a customer's orders": "/orders/?company=SBOLARGE&customer=C00012&status=all",
    "page 15 of all": "/orders/?company=SBOLARGE&page=15&status=all",
    "search for a number": "/orders/?company=SBOLARGE&q=126004711&status=all",
    "search for a name": "/orders/?company=SBOLARGE&q=falcon",
    "search for a reference": "/orders/?company=SBOLARGE&q=lpo-2025/471&status=all",
    "search for an item": "/orders/?company=SBOLARGE&q=I00077&status=all",
    "an order": "/orders/SBOLARGE/77/",
    "runs": "/runs/",
}


def logged_in() -> Client:
    from django.contrib.auth.models import User

    settings.ALLOWED_HOSTS.append("testserver")
    user, _ = User.objects.get_or_create(username=READER)
    client = Client()
    client.force_login(user)
    return client


def act(told: dict[str, Any]) -> Any:
    match told:
        case {"what": "fill", "orders": orders}:
            return _fill(orders)
        case {"what": "page", "page": page}:
            return _page(PAGES[page])
        case {"what": "sync"}:
            return _sync()
    return None


def _fill(orders: int) -> str:
    """Returns the cookie of a session. The company that a sync fills later is another one."""
    from django.core.management import call_command
    from tests import bulk

    call_command("migrate", verbosity=0)
    company = bulk.fill(orders, lines=LINES)
    if connection.vendor == "postgresql":  # as its autovacuum does within a minute
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    company.company_db = COMPANY
    company.save()
    return logged_in().cookies[settings.SESSION_COOKIE_NAME].value


def _page(path: str) -> Figures:
    """Milliseconds in the program and, of that, in the database."""
    client = logged_in()
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, *others: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, *others)

    client.get(path)
    with connection.execute_wrapper(note):
        answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    taken = sorted(_milliseconds(lambda: client.get(path)) for _ in range(TIMES))
    return {
        "statements": len(asked),
        "database ms": sum(_in_database(*statement) for statement in asked),
        "p50 ms": statistics.median(taken),
        "p95 ms": taken[int(TIMES * 0.95)],
    }


def _in_database(sql: str, params: Any) -> float:
    """Of the statement and all its rows, the best of some."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            cursor.fetchall()

    return min(_milliseconds(run) for _ in range(DATABASE_TIMES))


def _milliseconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _sync() -> float:
    """Seconds of a first load."""
    from benchmarks.systems import refreshed

    return _milliseconds(lambda: refreshed(datetime.now(UTC))) / 1000


if __name__ == "__main__":
    import ordermirror.project.wsgi  # noqa: F401 - as in the process that serves pages

    serve(act)
