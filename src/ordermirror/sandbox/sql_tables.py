"""The company's tables as SAP's database names them, in SQLite, for stored queries to run on.

A table is filled when a query first reads it after a change. Numbers go through doubles, so they
are true to 15 digits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from ordermirror.sandbox.company import Company, Row
from ordermirror.sandbox.errors import SQL_COLUMN, SQL_SYNTAX, SQL_TABLE, ServiceLayerError
from ordermirror.sandbox.metadata import Property, entity_types
from ordermirror.sandbox.money import exact
from ordermirror.sandbox.sql_text import FUNCTIONS, Statement

ACCESSIBLE = {
    "ORDR": ("Document", "Orders"),
    "RDR1": ("DocumentLine", "Orders"),
    "ODLN": ("Document", "DeliveryNotes"),
    "DLN1": ("DocumentLine", "DeliveryNotes"),
    "OINV": ("Document", "Invoices"),
    "INV1": ("DocumentLine", "Invoices"),
    "ORDN": ("Document", "Returns"),
    "RDN1": ("DocumentLine", "Returns"),
    "ORIN": ("Document", "CreditNotes"),
    "RIN1": ("DocumentLine", "CreditNotes"),
    "OITM": ("Item", "Items"),
    "OCRD": ("BusinessPartner", "BusinessPartners"),
}
"""Of the tables that SAP's b1s_sqltable.conf lists, those the sandbox has; OSLP and OMRC are not
among them. Each with its kind of row and the entity set it is filled from."""

_AFFINITY = {"i32": "INTEGER", "dbl": "REAL", "time": "INTEGER"}


class SqlTables:
    """The caller holds the company's lock."""

    def __init__(self, company: Company, *, shuffle: bool) -> None:
        self._company = company
        self._shuffle = shuffle
        self._filled: dict[str, int] = {}
        self._database = sqlite3.connect(":memory:", check_same_thread=False, cached_statements=0)
        self._database.create_function("sap_left", 2, lambda text, count: text and text[:count])
        self._database.create_function("sap_right", 2, lambda text, count: text and text[-count:])
        for name in ACCESSIBLE:
            columns = ", ".join(
                f'"{column}" {_AFFINITY.get(prop.type, "TEXT")}'
                for column, prop in columns_of(name).items()
            )
            self._database.execute(f"CREATE TABLE {name} ({columns})")

    def run(self, statement: Statement, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows by column name or alias. Raises 701 to 703 for what cannot be run."""
        for name in self._read_by(statement, values):
            self._fill(name)
        cursor = self._database.execute(statement.runnable, values)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, map(_shown, row), strict=True)) for row in cursor)

    def check(self, statement: Statement) -> None:
        """Raise 701 to 703 for a statement that could never run."""
        self._read_by(statement, dict.fromkeys(statement.parameters))

    def _read_by(self, statement: Statement, values: dict[str, Any]) -> set[str]:
        """The tables a statement reads; SQLite itself says so while it prepares it."""
        read: set[str] = set()

        def authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
            if action == sqlite3.SQLITE_READ and (first or "").upper() in ACCESSIBLE:
                read.add((first or "").upper())
                return sqlite3.SQLITE_OK
            if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in {*FUNCTIONS, "like"}:
                return sqlite3.SQLITE_OK
            return sqlite3.SQLITE_OK if action == sqlite3.SQLITE_SELECT else sqlite3.SQLITE_DENY

        self._database.set_authorizer(authorize)
        try:
            names = self._named(statement, values)
        except sqlite3.Error as error:
            raise _refused(str(error), statement) from error
        finally:
            self._database.set_authorizer(None)
        if len(set(names)) != len(names) or not all(name.isidentifier() for name in names):
            raise _syntax(statement, "each column needs a name of its own")
        return read

    def _named(self, statement: Statement, values: dict[str, Any]) -> list[str]:
        """The columns of the answer, of which no row is looked at."""
        cursor = self._database.execute(statement.runnable, values)
        try:
            return [column[0] for column in cursor.description]
        finally:
            cursor.close()

    def _fill(self, name: str) -> None:
        kind, entity_set = ACCESSIBLE[name]
        table = self._company.tables[entity_set]
        if self._filled.get(name) == table.version:
            return
        columns = columns_of(name)
        documents: Iterable[Row] = table
        rows = list(_lines(documents) if kind == "DocumentLine" else documents)
        if self._shuffle:
            Random(len(rows)).shuffle(rows)  # the same each time, so that pages still fit together
        marks = ", ".join("?" * len(columns))
        with self._database:
            self._database.execute(f"DELETE FROM {name}")  # noqa: S608  a name of our own
            self._database.executemany(
                f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608
                ([_stored(row, prop) for prop in columns.values()] for row in rows),
            )
        self._filled[name] = table.version


@cache
def columns_of(table: str) -> dict[str, Property]:
    """A table's columns, with the properties they are filled from."""
    kind = ACCESSIBLE[table][0]
    properties = entity_types()[kind].properties
    pairs = [word.partition("=") for word in _sections()[kind]]
    return {column or name: properties[name] for name, _, column in pairs}


@cache
def own_names() -> dict[str, str]:
    """Lower case to own case, of all tables and columns."""
    names = [name for table in ACCESSIBLE for name in (table, *columns_of(table))]
    return {name.lower(): name for name in names}


@cache
def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("sql_columns.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            words += line.split()
    return sections


def _lines(documents: Iterable[Row]) -> Iterator[Row]:
    for document in documents:
        for line in document.get("DocumentLines") or ():
            yield {"DocEntry": document["DocEntry"], **line}


def _stored(row: Row, prop: Property) -> Any:
    """As the database holds it: enumerations by their short values, days as 20240131."""
    value = row.get(prop.name, prop.default)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if prop.enum is not None and isinstance(value, str):
        return prop.enum.members.get(value, value)
    if prop.type == "time" and isinstance(value, str):
        digits = value.replace(":", "")
        return int(digits[:4] if prop.name == "DocTime" else digits) if digits.isdigit() else None
    return value if isinstance(value, int | str) else None


def _shown(value: Any) -> Any:
    return exact(Decimal(repr(round(value, 6)))) if isinstance(value, float) else value


def _refused(trouble: str, statement: Statement) -> ServiceLayerError:
    what, _, name = trouble.partition(": ")
    if what == "no such table":
        return ServiceLayerError(400, SQL_TABLE, f"Table '{name}' not accessible")
    if what == "no such column":
        return ServiceLayerError(400, SQL_COLUMN, f"Column '{name}' not accessible")
    return _syntax(statement, trouble)


def _syntax(statement: Statement, trouble: str) -> ServiceLayerError:
    return ServiceLayerError(400, SQL_SYNTAX, f"Invalid SQL syntax:{statement.text}, {trouble}")
