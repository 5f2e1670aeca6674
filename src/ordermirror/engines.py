"""Is this database one that OrderMirror can be exact on? Checked before anything is written."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ordermirror.errors import ConfigError

OLDEST = {"sqlite": (3, 38), "postgresql": (14,), "mariadb": (10, 6), "mysql": (8,)}


def require_engine(database: BaseDatabaseWrapper | None = None) -> None:
    """Raises ConfigError when the server is too old, or would cut or garble what it stores."""
    database = database or connections[DEFAULT_DB_ALIAS]
    problems = [too_old(database), *mode_problems(database)]
    told = [problem for problem in problems if problem]
    if told:
        raise ConfigError(told)


def engine_name(database: BaseDatabaseWrapper) -> str:
    """mariadb and mysql are told apart, though Django's vendor is mysql for both."""
    if database.vendor == "mysql" and getattr(database, "mysql_is_mariadb", False):
        return "mariadb"
    return str(database.vendor)


def too_old(database: BaseDatabaseWrapper) -> str:
    """Why its version can't be used; empty when it can."""
    name = engine_name(database)
    try:
        version = database.get_database_version()
    except ImproperlyConfigured as exc:
        return str(exc)
    oldest = OLDEST[name]
    if version >= oldest:
        return ""
    told, needed = (".".join(map(str, numbers)) for numbers in (version, oldest))
    return f"{name} {told} is too old; OrderMirror needs {needed} or newer"


def mode_problems(database: BaseDatabaseWrapper) -> list[str]:
    """What of a server's settings would cut or garble values."""
    if database.vendor == "postgresql":
        return _postgresql_problems(database)
    return _mysql_problems(database) if database.vendor == "mysql" else []


def _postgresql_problems(database: BaseDatabaseWrapper) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        encoding = cursor.fetchone()[0]
    if encoding == "UTF8":
        return []
    return [f"the database's encoding is {encoding}; create it with ENCODING 'UTF8'"]


def _mysql_problems(database: BaseDatabaseWrapper) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute("SELECT @@sql_mode, @@character_set_database")
        mode, charset = cursor.fetchone()
    problems = []
    if "STRICT" not in mode:
        problems.append("sql_mode is not strict: values that do not fit would be cut or zeroed")
    if charset != "utf8mb4":
        problems.append(
            f"the database's character set is {charset}; "
            "ALTER DATABASE … CHARACTER SET utf8mb4 before the first migration"
        )
    return problems
