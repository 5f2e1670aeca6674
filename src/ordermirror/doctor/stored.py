"""Checks on the database and on the mirror in it. Import it once Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import Error, connection
from django.db.backends.utils import CursorWrapper

from ordermirror import last_runs
from ordermirror.conf import Settings
from ordermirror.database import missing_migrations
from ordermirror.doctor.findings import (
    ABOUT_DATABASE,
    ABOUT_MIRROR,
    COMPANY,
    DATABASE,
    FRESHNESS,
    INTEGRITY,
    MODE,
    PENDING,
    QUARANTINE,
    TABLES,
    Finding,
    fail,
    failed,
    ok,
    skipped,
    warn,
)
from ordermirror.engines import engine_name, mode_problems, too_old
from ordermirror.errors import ConfigError
from ordermirror.models import Company, Pending, Quarantine, SyncRun


def database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            _read_something(cursor)
        reached = _engine()
        yield reached
        if failed([reached]):
            yield from skipped(ABOUT_DATABASE[1:], "the database engine can't be used")
            return
        yield _mode() if connection.vendor == "sqlite" else _server_mode()
        yield _tables()
        yield _integrity() if connection.vendor == "sqlite" else _server_integrity()
    except (Error, ConfigError) as exc:
        yield fail(DATABASE, f"the database can't be read: {exc}", _mending())


def _read_something(cursor: CursorWrapper) -> None:
    """SQLite opens a file that is none without a word."""
    table = "sqlite_master" if connection.vendor == "sqlite" else "information_schema.tables"
    cursor.execute(f"SELECT 1 FROM {table}")  # noqa: S608 - one of two words
    cursor.fetchone()


def _mending() -> str:
    if connection.vendor != "sqlite":
        return "check ORDERMIRROR_DATABASE_URL, whether the server runs and what its user may do"
    return (
        "check ORDERMIRROR_DATABASE_URL and who may read the file; if it is damaged, put a "
        "backup in its place, or move it away: the next `ordermirror sync` loads all anew"
    )


def _engine() -> Finding:
    problem = too_old(connection)
    told = f"{engine_name(connection)} {'.'.join(map(str, connection.get_database_version()))}"
    where = connection.settings_dict["NAME"]
    if connection.vendor != "sqlite":
        where = f"{where} on {connection.settings_dict['HOST'] or 'this machine'}"
    if problem:
        return fail(DATABASE, problem, "use a newer one (SQLite's comes with Python)")
    return ok(DATABASE, f"{told}, {where}")


def _server_mode() -> Finding:
    problems = mode_problems(connection)
    if problems:
        return fail(MODE, "; ".join(problems), "let the database's administrator set it")
    kept = connection.settings_dict["CONN_MAX_AGE"]
    told = "kept" if kept is None or kept > 0 else "not kept"
    pool = " in a pool" if connection.settings_dict["OPTIONS"].get("pool") else ""
    return ok(MODE, f"strict, in UTF-8; connections are {'kept' if pool else told}{pool}")


def _server_integrity() -> Finding:
    return ok(INTEGRITY, "the server checks its own files")


def mirror(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    company = Company.objects.filter(company_db=settings.company()).first()
    if company is None:
        yield warn(COMPANY, "nothing is mirrored yet", "run `ordermirror sync`")
        yield from skipped(ABOUT_MIRROR[1:], "nothing is mirrored yet")
        return
    yield _company(company)
    yield _freshness(company, settings, now)
    yield _pending(company)
    yield _quarantine(company)


def _mode() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = str(cursor.fetchone()[0]).lower()
    mode = str(connection.settings_dict["OPTIONS"].get("transaction_mode")).upper()
    told = f"journal {journal}, transactions {mode}"
    if journal != "wal":
        return fail(
            MODE, f"{told}: the pages would wait for a refresh",
            "put the database on a local disk: network folders can't do journal_mode=WAL",
        )  # fmt: skip
    if mode != "IMMEDIATE":
        return fail(MODE, told, "take transaction_mode out of ORDERMIRROR_DATABASE_URL")
    return ok(MODE, told)


def _tables() -> Finding:
    missing = missing_migrations()
    if not missing:
        return ok(TABLES, "up to date")
    if not connection.introspection.table_names():
        return warn(TABLES, "not made yet", "the first `ordermirror sync` makes them")
    return fail(TABLES, f"{missing} migrations are missing", "run `ordermirror upgrade`")


def _integrity() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(3)")
        told = [str(row[0]) for row in cursor.fetchall()]
    if told == ["ok"]:
        return ok(INTEGRITY, "the quick check found nothing wrong")
    return fail(
        INTEGRITY, f"the file is damaged: {'; '.join(told)}",
        "put a backup in its place, or move it away: the next `ordermirror sync` loads all anew",
    )  # fmt: skip


def _company(company: Company) -> Finding:
    if company.conflict:
        return fail(
            COMPANY, f"nothing is written until a person decides: {company.conflict}",
            "run `ordermirror company`",
        )  # fmt: skip
    return ok(COMPANY, f"{company.company_db} is the company that is mirrored")


def _freshness(company: Company, settings: Settings, now: datetime) -> Finding:
    runs = SyncRun.objects.filter(company=company).order_by("-started_at")
    complete = runs.filter(outcome=SyncRun.Outcome.COMPLETE).first()
    last = runs.first()
    problem = f"; the last run says: {last.problem}" if last and last.problem else ""
    problem = problem.replace(f" of {settings.sap_user} ", " of the SAP user ")
    if complete is None:
        return warn(FRESHNESS, f"no refresh was ever complete{problem}", "run `ordermirror sync`")
    age = now - complete.started_at
    told = f"the last complete refresh began {_spoken(age)} ago{problem}"
    until = settings.quiet_until(now)
    if until:
        return ok(FRESHNESS, f"{told}; no other begins by itself before {until:%H:%M}")
    due_since = max(complete.started_at, settings.quiet_ended(now) or complete.started_at)
    if now - due_since > last_runs.limit(settings.every):
        return warn(
            FRESHNESS, told, "is `ordermirror run` running? Otherwise run `ordermirror sync`"
        )
    return ok(FRESHNESS, told)


def _pending(company: Company) -> Finding:
    number = Pending.objects.filter(company=company).count()
    return ok(PENDING, f"{number:,} orders wait to be read" if number else "no order waits")


def _quarantine(company: Company) -> Finding:
    number = Quarantine.objects.filter(company=company).count()
    if not number:
        return ok(QUARANTINE, "no order is set aside")
    first = Quarantine.objects.filter(company=company).order_by("doc_entry").first()
    return warn(
        QUARANTINE,
        f"{number:,} orders are set aside, their last good version stays; for one, DocEntry "
        f"{first.doc_entry if first else ''}: {first.reason if first else ''}",
        "mend the order in SAP; it is tried again by itself",
    )


def _spoken(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"
