"""Every setting once: its name, type, default and meaning. Standard library only.

A setting `sap_url` is read from the environment variable ORDERMIRROR_SAP_URL, or from an `.env`
file; a secret may also be named by ORDERMIRROR_SAP_PASSWORD_FILE. `load` reports all mistakes at
once, each with what, where and what to do.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from ordermirror.errors import ConfigError

PREFIX = "ORDERMIRROR_"
POSTGRES_SCHEMES = ("postgres", "postgresql")
DATABASE_SCHEMES = ("sqlite", *POSTGRES_SCHEMES, "mysql", "mariadb")
DRIVERS = {
    **dict.fromkeys(POSTGRES_SCHEMES, (("psycopg", "psycopg_pool"), "postgres")),
    **dict.fromkeys(("mysql", "mariadb"), (("MySQLdb",), "mysql")),
}
"""The packages that a database needs, and the extra that brings them."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def text(value: str) -> str:
    return value


def path(value: str) -> Path:
    return Path(value).expanduser()


def yes_or_no(value: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in words:
        raise ValueError("use true or false")
    return words[value.lower()]


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"use a whole number from {low} to {high}")
        return int(value)

    parse.__name__ = f"{low} to {high}"
    return parse


def duration(value: str) -> timedelta:
    """A number and a unit: 90s, 5m, 2h or 1d."""
    match = re.fullmatch(r"(\d{1,6})\s*([smhd])", value.strip().lower())
    if not match or int(match[1]) == 0:
        raise ValueError("use a number and a unit, such as 90s, 5m or 2h")
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{units[match[2]]: int(match[1])})


def service_layer_url(value: str) -> str:
    parts = urlsplit(value.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("use the Service Layer's address, such as https://sap:50000/b1s/v2")
    if not parts.path.endswith(("/b1s/v1", "/b1s/v2")) or parts.query or parts.fragment:
        raise ValueError("the address must end in /b1s/v1 or /b1s/v2")
    return value.rstrip("/")


def web_url(value: str) -> str:
    parts = urlsplit(value.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise ValueError("use the address people type, such as https://orders.example.com")
    return value.rstrip("/")


def database_url(value: str) -> str:
    if urlsplit(value).scheme not in DATABASE_SCHEMES:
        raise ValueError(
            "use sqlite:///path/to/file, postgresql://user:password@host/name "
            "or mysql://user:password@host/name"
        )
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError("use a zone's name, such as Asia/Dubai") from exc
    return value


def log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("use DEBUG, INFO, WARNING or ERROR")
    return value.upper()


def setting(
    parse: Callable[[str], Any], default: str | None, meaning: str, *, secret: bool = False
) -> Any:
    """Define a setting. `default` is text like a user's; None means unset."""
    return field(
        metadata={"parse": parse, "default": default, "meaning": meaning, "secret": secret}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, parsed. A value of None was not set and has no default."""

    data_dir: Path = setting(
        path, "~/.ordermirror", "Folder for the SQLite file and the generated secret key."
    )
    database_url: str | None = setting(
        database_url,
        None,
        "Database to mirror into; an SQLite file in DATA_DIR when unset.",
        secret=True,
    )
    database_pool: int | None = setting(
        whole_number(1, 100),
        None,
        "Connections in one pool for all threads, at most (PostgreSQL); one a thread when unset.",
    )
    secret_key: str | None = setting(
        text,
        None,
        "Key that signs logins; generated once and kept in DATA_DIR when unset.",
        secret=True,
    )
    host: str = setting(text, "127.0.0.1", "Address the pages are served on.")
    port: int = setting(whole_number(1, 65535), "8000", "Port the pages are served on.")
    public_url: str | None = setting(
        web_url,
        None,
        "Address people type when a proxy stands in front; https there makes cookies secure.",
    )
    time_zone: str = setting(time_zone, "UTC", "Time zone in which moments are shown.")
    log_level: str = setting(log_level, "WARNING", "Least severe messages that are logged.")
    sap_url: str | None = setting(
        service_layer_url, None, "Service Layer address; ends in /b1s/v1 or /b1s/v2."
    )
    sap_company_db: str | None = setting(text, None, "SAP company database to log in to.")
    sap_user: str | None = setting(
        text,
        None,
        "SAP user; reading is enough (orders, deliveries, returns, invoices, credit notes).",
    )
    sap_password: str | None = setting(text, None, "The SAP user's password.", secret=True)
    sap_ca_file: Path | None = setting(
        path, None, "PEM file with SAP's certificate or the authority that signed it."
    )
    sap_allow_http: bool = setting(
        yes_or_no, "false", "Send the password unencrypted to a SAP that is not on this machine."
    )
    sap_page_size: int = setting(
        whole_number(1, 5000), "200", "Whole orders asked for in one request."
    )
    sap_light_page_size: int = setting(
        whole_number(20, 50000),
        "5000",
        "Light rows (a few header fields) asked for in one request.",
    )
    sap_parallel: int = setting(
        whole_number(1, 4), "2", "Requests to SAP under way at once, at most."
    )
    sap_timeout: timedelta = setting(
        duration, "2m", "Longest that one request to SAP may take in all."
    )
    lookback_days: int = setting(
        whole_number(1, 365), "2", "Days before the watermark that are asked for again."
    )
    audit_open_within: timedelta = setting(
        duration, "24h", "Within this time every open order is read again whole."
    )
    audit_closed_within: timedelta = setting(
        duration, "30d", "Within this time every other order is read again whole."
    )
    audit_most: int = setting(
        whole_number(0, 5000), "100", "Orders of each kind that one run audits at most."
    )
    every: timedelta = setting(duration, "5m", "Time from the start of one refresh to the next.")

    def database(self) -> str:
        """The database's URL, the embedded SQLite file when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ordermirror.sqlite3').resolve()}"

    def require_sap(self) -> None:
        """Raise ConfigError when the settings needed to reach SAP are missing."""
        needed = ("sap_url", "sap_company_db", "sap_user", "sap_password")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ConfigError(
                [f"{variable(name)} is not set: {MEANINGS[name]}" for name in missing]
            )


MEANINGS: dict[str, str] = {item.name: item.metadata["meaning"] for item in fields(Settings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One row of `ordermirror settings`."""

    name: str
    type: str
    default: str
    value: str
    meaning: str


def variable(name: str) -> str:
    return PREFIX + name.upper()


def read_environment(
    environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")
) -> dict[str, str]:
    """The environment over the `.env` file, OrderMirror's variables only."""
    merged = {**dotenv_values(env_file, interpolate=False), **environ}
    return {key: value for key, value in merged.items() if key.startswith(PREFIX) and value}


def load(variables: Mapping[str, str]) -> Settings:
    """Parse and check every setting; raises ConfigError with all mistakes at once."""
    problems = [_unknown(key) for key in variables if key not in _known_variables()]
    values: dict[str, Any] = {}
    for item in fields(Settings):
        try:
            values[item.name] = _value(item, variables)
        except (ValueError, OSError) as exc:
            problems.append(f"{variable(item.name)}: {exc}")
    problems += _contradictions(values)
    if problems:
        raise ConfigError(problems)
    return Settings(**values)


def describe(variables: Mapping[str, str]) -> list[Described]:
    """Every setting with its current value; secrets show only whether they are set."""
    return [_described(item, variables) for item in fields(Settings)]


def _value(item: Field[Any], variables: Mapping[str, str]) -> Any:
    given = _given(item, variables)
    if given is None:
        given = item.metadata["default"]
    return None if given is None else item.metadata["parse"](given)


def _given(item: Field[Any], variables: Mapping[str, str]) -> str | None:
    name = variable(item.name)
    file_name = name + "_FILE"
    if not item.metadata["secret"] or file_name not in variables:
        return variables.get(name)
    if name in variables:
        raise ValueError(f"set this or {file_name}, not both")
    try:
        return Path(variables[file_name]).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ValueError(f"{file_name} can't be read: {exc.strerror}") from exc


def _known_variables() -> set[str]:
    known = {variable(item.name) for item in fields(Settings)}
    secrets = {variable(i.name) + "_FILE" for i in fields(Settings) if i.metadata["secret"]}
    return known | secrets


def _unknown(key: str) -> str:
    nearest = difflib.get_close_matches(key, _known_variables(), n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "; see `ordermirror settings`"
    return f"{key} is not a setting{hint}"


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    problems = []
    url = values.get("sap_url")
    if url and url.startswith("http:") and not values.get("sap_allow_http"):
        host = urlsplit(url).hostname
        if host not in LOOPBACK:
            problems.append(
                f"{variable('sap_url')}: plain http would send the password unencrypted to {host}; "
                f"use https, or set {variable('sap_allow_http')}=true if that network is yours"
            )
    problems += _database_problems(values)
    ca_file = values.get("sap_ca_file")
    if ca_file and not ca_file.is_file():
        problems.append(f"{variable('sap_ca_file')}: there is no file {ca_file}")
    return problems


def _database_problems(values: Mapping[str, Any]) -> list[str]:
    scheme, pool = urlsplit(values.get("database_url") or "").scheme, values.get("database_pool")
    problems = []
    if pool and scheme not in POSTGRES_SCHEMES:
        problems.append(
            f"{variable('database_pool')}: only PostgreSQL has a pool; remove it, or change "
            f"{variable('database_url')}"
        )
    packages, extra = DRIVERS.get(scheme, ((), ""))
    return problems + [
        f"{variable('database_url')}: {package} is not installed; "
        f'run `pip install "ordermirror[{extra}]"`'
        for package in packages
        if find_spec(package) is None and (pool or package != "psycopg_pool")
    ]


def _described(item: Field[Any], variables: Mapping[str, str]) -> Described:
    default = item.metadata["default"]
    given = _shown(item, variables)
    return Described(
        name=variable(item.name),
        type=item.metadata["parse"].__name__.replace("_", " "),
        default="" if default is None else default,
        value=given if given is not None else default or "",
        meaning=item.metadata["meaning"],
    )


def _shown(item: Field[Any], variables: Mapping[str, str]) -> str | None:
    name = variable(item.name)
    if not item.metadata["secret"]:
        return variables.get(name)
    return "(set)" if name in variables or name + "_FILE" in variables else None
