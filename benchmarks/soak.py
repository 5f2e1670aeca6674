"""`make soak`: 90 days of refreshes every five minutes, one after the other on a moved clock.

The refreshes are those of `ordermirror run`, each in a thread of its own, alerts and pruning
included; orders come and change meanwhile, and each thousandth answer of SAP breaks off. What is
kept for a number of days must not grow once so many have passed, and what a process holds not at
all: exit code 1 when it does.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from rich.console import Console

from benchmarks import machine
from benchmarks.databases import SQLITE, new_database
from benchmarks.pretend import PretendSAP, pretend_sap
from benchmarks.results import Figures, Results
from benchmarks.worker import environment_of

SUITE = "soak"
RUNS = 26_000
ORDERS = 200
EVERY = timedelta(minutes=5)
RUNS_A_DAY = timedelta(days=1) // EVERY
KEPT_DAYS, HISTORY_DAYS = 10, 30
LOG_MEGABYTES, LOGS_KEPT = 1, 2
RUNS_AN_EVENT = 6
FAULT = "reset/1000"
REPORTS = 9
GROWTH = 1.15
LEVEL = ("open files", "threads", "connections")
FULL_AFTER_DAYS = {
    "MB resident": 0,
    "rows of runs": KEPT_DAYS,
    "rows of reads": KEPT_DAYS,
    "rows of history": HISTORY_DAYS,
    "bytes of database a row": HISTORY_DAYS,
}
"""What may grow until so many days have passed, and by `GROWTH` afterwards: chance, and dead rows
that the database has not cleared away yet. Orders come, so the database itself does grow."""


CONNECTIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database()",
}
SIZE = {
    "postgresql": "SELECT pg_database_size(current_database())",
    "mysql": "SELECT sum(data_length + index_length) FROM information_schema.tables "
    "WHERE table_schema = database()",
}


def main() -> None:
    console = Console(width=150, highlight=False)
    runs, database = int(os.environ.get("RUNS") or RUNS), os.environ.get("DATABASES") or SQLITE
    results = Results.read()
    results.begin(SUITE, machine.described())
    reports: list[Figures] = []
    with new_database(database) as (url, folder), pretend_sap(ORDERS, fault=FAULT) as sap:
        os.environ.update(_environment(sap, url, folder))
        refresh, look = _product(Path(folder))
        for day, figures in _days(sap, refresh, look, runs):
            key = (f"{EVERY.seconds // 60} minutes apart", database, f"after {day} days")
            results.put(SUITE, key, [figures])
            reports.append(figures)
            told = ", ".join(f"{name} {value:,.1f}" for name, value in figures.items())
            console.print(f"day {day}: {told}", soft_wrap=True)
    third = len(reports) // 3
    grown = growth(reports[third], reports[-1], days=(third + 1) * runs / REPORTS / RUNS_A_DAY)
    console.print("\n".join(grown) or f"{runs:,} refreshes: nothing grew")
    sys.exit(bool(grown))


def growth(full: Figures, end: Figures, *, days: float) -> list[str]:
    """What is more at the end than it was after so many days; what was not full by then is left
    out."""
    bound = {name: full[name] for name in LEVEL}
    bound |= {name: full[name] * GROWTH for name, after in FULL_AFTER_DAYS.items() if days >= after}
    bound["MB of logs"] = LOG_MEGABYTES * (LOGS_KEPT + 1) * GROWTH
    return [
        f"{name} grew from {full[name]:,.1f} to {end[name]:,.1f}"
        for name, most in bound.items()
        if end[name] > most
    ]


def _environment(sap: PretendSAP, url: str, folder: str) -> dict[str, str]:
    return environment_of(sap.url, url, folder) | {
        "ORDERMIRROR_LOG_LEVEL": "INFO",
        "ORDERMIRROR_LOG_FILE": f"{folder}/ordermirror.log",
        "ORDERMIRROR_LOG_FILE_MEGABYTES": str(LOG_MEGABYTES),
        "ORDERMIRROR_LOG_FILES_KEPT": str(LOGS_KEPT),
        "ORDERMIRROR_KEEP_HISTORY_DAYS": str(HISTORY_DAYS),
        "ORDERMIRROR_KEEP_RUNS_DAYS": str(KEPT_DAYS),
        "ORDERMIRROR_KEEP_READS_DAYS": str(KEPT_DAYS),
        "ORDERMIRROR_AUDIT_CLOSED_WITHIN": "30d",
    }


def _days(
    sap: PretendSAP, refresh: Callable[[], None], look: Callable[[], Figures], runs: int
) -> list[tuple[int, Figures]]:
    now, reports = datetime.now(UTC), []
    each = max(runs // REPORTS, 1)
    cpu = time.process_time()
    for number in range(1, runs + 1):
        now += EVERY
        sap.ask("pass", minutes=EVERY.seconds // 60)
        if number % RUNS_AN_EVENT == 0:
            sap.ask("business", events=1)
        with time_machine.travel(now, tick=True):
            thread = threading.Thread(target=refresh)
            thread.start()
            thread.join()
        if number % each == 0:
            spent = (time.process_time() - cpu) / each * 1000
            reports.append((number // RUNS_A_DAY, look() | {"CPU ms a refresh": spent}))
            cpu = time.process_time()
    return reports


def _product(folder: Path) -> tuple[Callable[[], None], Callable[[], Figures]]:
    """A refresh as the scheduler makes it, and what there is after it."""
    import django
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    from ordermirror import background, companies, retention
    from ordermirror.models import OrderChange, ReadLog, SalesOrder, SyncRun

    [company] = companies.to_refresh()
    daily = retention.Daily()

    def refresh() -> None:
        background.refresh(company, stopping=lambda: False)
        daily.prune_if_due(settings.ORDERMIRROR, now=datetime.now(UTC), stopping=lambda: False)
        connection.close()

    def look() -> Figures:
        size = _database_bytes(folder)
        rows = sum(
            model._default_manager.count()
            for model in apps.get_app_config("ordermirror").get_models()
        )
        figures = {
            "orders": SalesOrder.objects.count(),
            "rows of runs": SyncRun.objects.count(),
            "rows of reads": ReadLog.objects.count(),
            "rows of history": OrderChange.objects.count(),
            "not complete": SyncRun.objects.exclude(outcome="complete").count(),
            "connections": _asked(CONNECTIONS),
            "MB of database": size / 1e6,
            "bytes of database a row": size / rows,
        }
        connection.close()
        return figures | {
            "MB resident": _resident(),
            "open files": len(os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
            "MB of logs": sum(it.stat().st_size for it in folder.glob("ordermirror.log*")) / 1e6,
        }

    return refresh, look


def _asked(questions: Mapping[str, str]) -> int:
    """What the database's server answers; 0 where it is a file."""
    from django.db import connection

    if connection.vendor not in questions:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(questions[connection.vendor])
        [[found]] = cursor.fetchall()
    return int(found)


def _database_bytes(folder: Path) -> int:
    return _asked(SIZE) or sum(it.stat().st_size for it in folder.glob("db.sqlite3*"))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
