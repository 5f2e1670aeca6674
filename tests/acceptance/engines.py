"""The server databases at hand: by TEST_POSTGRES_URL and TEST_MARIADB_URL, or the usual ports."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4


@dataclass(frozen=True)
class Engine:
    """`admin_url` is a database from which another one can be created."""

    name: str
    driver: str
    admin_url: str
    variable: str
    driver_from: str

    def missing(self) -> str:
        """Why it can't be tested on and what mends that; empty when it can."""
        if importlib.util.find_spec(self.driver) is None:
            return f"the driver {self.driver} is not installed; {self.driver_from}"
        parts = urlsplit(self.admin_url)
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=5).close()
        except OSError as exc:
            return (
                f"nothing answers at {parts.hostname}:{parts.port} ({exc.strerror}); "
                f"start it, or say where it is: {self.variable}={self.admin_url}"
            )
        return ""

    def url(self, database: str) -> str:
        return self.admin_url.rsplit("/", 1)[0] + "/" + database

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database; its URL."""
        name = f"ordermirror_{uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name}{self._options()}")
        try:
            yield self.url(name)
        finally:
            self._execute(f"DROP DATABASE {name}{' WITH (FORCE)' * (self.name == 'postgresql')}")

    def _options(self) -> str:
        return "" if self.name == "postgresql" else " CHARACTER SET utf8mb4"

    def _execute(self, statement: str) -> None:
        driver = importlib.import_module(self.driver)
        parts = urlsplit(self.admin_url)
        if self.name == "postgresql":
            with driver.connect(self.admin_url, autocommit=True) as connection:
                connection.execute(statement)
            return
        connection = driver.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=parts.password or "",
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


def _server(name: str, driver: str, variable: str, usual: str, driver_from: str) -> Engine:
    return Engine(name, driver, os.environ.get(variable, usual), variable, driver_from)


ENGINES = (
    _server(
        "postgresql",
        "psycopg",
        "TEST_POSTGRES_URL",
        "postgresql://postgres@127.0.0.1:5432/postgres",
        "run `make clean setup`",
    ),
    _server(
        "mariadb",
        "MySQLdb",
        "TEST_MARIADB_URL",
        "mysql://root@127.0.0.1:3306/mysql",
        "run `apt-get install gcc pkg-config libmariadb-dev`, then `make clean setup`",
    ),
)
MISSING = {engine.name: engine.missing() for engine in ENGINES}
FOUND = [engine for engine in ENGINES if not MISSING[engine.name]]
