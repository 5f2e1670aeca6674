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
from dataclasses import Field, dataclass, field, fields, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from ordermirror import quiet
from ordermirror.errors import ConfigError

PREFIX = "ORDERMIRROR_"
POSTGRES_SCHEMES = ("postgres", "postgresql")
DATABASE_SCHEMES = ("sqlite", *POSTGRES_SCHEMES, "mysql", "mariadb")
DRIVERS = {
    **dict.fromkeys(POSTGRES_SCHEMES, (("psycopg", "psycopg_pool"), "postgres")),
    **dict.fromkeys(("mysql", "mariadb"), (("MySQLdb",), "mysql")),
}
"""The packages that a database needs, and the extra that brings them."""
OPTIONAL = (
    ("alert_urls", "apprise", "notify"),
    ("cache_url", "redis", "redis"),
    ("broker_url", "celery", "celery"),
)
"""Settings that need a package when they are set, and the extra that brings it."""
DOCUMENTS, QUERY_SERVICE = LINE_SOURCES = ("documents", "query_service")
SERVICE_LAYER, GATEWAY = "service_layer", "gateway"
NEEDED = {
    SERVICE_LAYER: ("sap_url", "sap_company_db", "sap_user", "sap_password"),
    GATEWAY: ("gateway_url",),
}
"""Without these a source can't be reached."""
SHORTEST_TOKEN = 16
MAIL_SCHEMES = ("smtp", "smtps")
CACHE_SCHEMES = ("redis", "rediss", "unix")
LONGEST_CARD_CODE = 15
"""OCRD.CardCode, as SAP's metadata has it."""
ROOM_FOR_CUSTOMERS, ROOM_FOR_EACH = 3000, 40
"""Characters of an address, percent-encoded: a question names two scopes in fewer than the 8,190
that Apache takes, and each customer in a phrase of this length beside its code."""
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


def customers(value: str) -> tuple[str, ...]:
    """Beginnings of card codes, separated by commas."""
    given = [text.strip() for text in value.split(",") if text.strip()]
    for text in given:
        if "*" in text or "%" in text:
            raise ValueError(f"{text}: write the beginning of the codes alone, without * or %")
        if len(text) > LONGEST_CARD_CODE:
            raise ValueError(f"{text}: a card code has at most {LONGEST_CARD_CODE} characters")
    if not given:
        raise ValueError("name at least one customer, or leave it unset for all")
    if sum(len(quote(text)) + ROOM_FOR_EACH for text in given) > ROOM_FOR_CUSTOMERS:
        raise ValueError("too many to ask SAP for in one address; use fewer, shorter beginnings")
    return tuple(given)


def history(value: str) -> timedelta | None:
    """None: all of it."""
    if value.strip().lower() == "all":
        return None
    match = re.fullmatch(r"(\d{1,5})\s*d", value.strip().lower())
    if not match or int(match[1]) == 0:
        raise ValueError("use all, or a number of days such as 365d")
    return timedelta(days=int(match[1]))


def line_source(value: str) -> str:
    if value not in LINE_SOURCES:
        raise ValueError(f"use {' or '.join(LINE_SOURCES)}")
    return value


def quiet_hours(value: str) -> tuple[quiet.Hours, ...]:
    return quiet.parse(value)


def service_layer_url(value: str) -> str:
    parts = urlsplit(value.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("use the Service Layer's address, such as https://sap:50000/b1s/v2")
    if not parts.path.endswith(("/b1s/v1", "/b1s/v2")) or parts.query or parts.fragment:
        raise ValueError("the address must end in /b1s/v1 or /b1s/v2")
    return value.rstrip("/")


def fingerprint(value: str) -> str:
    """A SHA-256 fingerprint, with or without colons; as AB:CD:… afterwards."""
    digits = re.sub(r"[:\s]", "", value).upper()
    if re.fullmatch("[0-9A-F]{40}", digits):
        raise ValueError("this is a SHA-1 fingerprint; use the SHA-256 one, of 64 digits")
    if not re.fullmatch("[0-9A-F]{64}", digits):
        raise ValueError("use the certificate's SHA-256 fingerprint, 64 hexadecimal digits")
    return bytes.fromhex(digits).hex(":").upper()


def source_name(value: str) -> str:
    if value not in (SERVICE_LAYER, GATEWAY):
        raise ValueError(f"use {SERVICE_LAYER} or {GATEWAY}")
    return value


def gateway_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(
            "use the address of the gateway's sales orders, such as "
            "https://gateway/IntegrationApi/api/SalesOrder"
        )
    return value


def header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", value):
        raise ValueError("use the name of a header, such as Authorization or X-Api-Key")
    return value


def header_value(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("a header's value is plain text in one line")
    return value


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


def broker_url(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss", "amqp", "amqps"):
        raise ValueError("use redis://host:6379/0 or amqp://user:password@host:5672/")
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError("use a zone's name, such as Asia/Dubai") from exc
    return value


def words(value: str) -> tuple[str, ...]:
    """Separated by commas or blanks."""
    return tuple(re.split(r"[,\s]+", value.strip(", \n\t")))


def email_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise ValueError("use smtp://user:password@host:587, or smtps://…:465")
    return value


def ping_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("use a web address")
    return value


def cache_url(value: str) -> str:
    if urlsplit(value).scheme not in CACHE_SCHEMES:
        raise ValueError("use redis://host:6379/0")
    return value


def log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("use DEBUG, INFO, WARNING or ERROR")
    return value.upper()


def log_format(value: str) -> str:
    if value.lower() not in ("console", "json"):
        raise ValueError("use console or json")
    return value.lower()


def token(value: str) -> str:
    if len(value) < SHORTEST_TOKEN or not value.isascii() or not value.isprintable():
        raise ValueError(f"use {SHORTEST_TOKEN} or more letters and digits, made at random")
    return value


def setting(
    parse: Callable[[str], Any],
    default: str | None,
    meaning: str,
    *,
    secret: bool = False,
    per_company: bool = False,
) -> Any:
    """Define a setting. `default` is text like a user's; None means unset.

    `per_company`: a company may have one of its own (`ordermirror company set`).
    """
    return field(
        metadata={
            "parse": parse,
            "default": default,
            "meaning": meaning,
            "secret": secret,
            "per_company": per_company,
        }
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
    time_zone: str = setting(
        time_zone, "UTC", "Time zone in which moments are shown.", per_company=True
    )
    log_level: str = setting(
        log_level, "WARNING", "Least severe messages that are logged; INFO adds a line a run."
    )
    log_format: str = setting(
        log_format, "console", "Lines for people, or one JSON object a line: console or json."
    )
    log_file: Path | None = setting(
        path, None, "File to log to, instead of standard error; several processes may share it."
    )
    log_file_megabytes: int = setting(
        whole_number(1, 1000), "10", "Size at which the log file is put away as LOG_FILE.1."
    )
    log_files_kept: int = setting(
        whole_number(1, 100), "5", "Log files that are kept after they were put away."
    )
    source: str = setting(
        source_name,
        SERVICE_LAYER,
        "Where orders are read: service_layer, or gateway (a POST service in front of SAP).",
        per_company=True,
    )
    sap_url: str | None = setting(
        service_layer_url,
        None,
        "Service Layer address; ends in /b1s/v1 or /b1s/v2.",
        per_company=True,
    )
    sap_company_db: str | None = setting(
        text,
        None,
        "SAP company database to log in to; with a gateway, what the company is called here.",
        per_company=True,
    )
    sap_user: str | None = setting(
        text,
        None,
        "SAP user; reading is enough (orders, deliveries, returns, invoices, credit notes).",
        per_company=True,
    )
    sap_password: str | None = setting(
        text, None, "The SAP user's password.", secret=True, per_company=True
    )
    sap_ca_file: Path | None = setting(
        path,
        None,
        "PEM file with SAP's certificate or the authority that signed it.",
        per_company=True,
    )
    sap_fingerprint: str | None = setting(
        fingerprint,
        None,
        "SHA-256 fingerprint of SAP's certificate; that one alone is trusted then, whatever its "
        "name and end.",
        per_company=True,
    )
    sap_allow_http: bool = setting(
        yes_or_no,
        "false",
        "Send password or token, and read orders, unencrypted from a SAP on another machine.",
        per_company=True,
    )
    sap_page_size: int = setting(
        whole_number(1, 5000),
        "200",
        "Whole orders asked for in one request, at most; fewer while SAP is slow.",
        per_company=True,
    )
    sap_light_page_size: int = setting(
        whole_number(20, 50000),
        "10000",
        "Light rows (a few header fields) asked for in one request.",
        per_company=True,
    )
    sap_lines: str = setting(
        line_source,
        DOCUMENTS,
        "Where lines come from: documents, or query_service where SAP answers it, which sends only "
        "the fields that are mirrored.",
        per_company=True,
    )
    customers: tuple[str, ...] | None = setting(
        customers,
        None,
        "Customers whose orders are mirrored, by the beginnings of their codes, such as HO,SD; "
        "all when unset.",
        per_company=True,
    )
    history: timedelta | None = setting(
        history,
        "all",
        "How far back orders that are not open are mirrored: all, or days such as 365d; through a "
        "gateway all means GATEWAY_FIRST_DAYS and what follows.",
        per_company=True,
    )
    sap_parallel: int = setting(
        whole_number(1, 4), "2", "Requests to SAP under way at once, at most.", per_company=True
    )
    sap_calls_per_minute: int | None = setting(
        whole_number(1, 6000),
        None,
        "Requests to SAP in a minute, at most and evenly spread; no limit when unset.",
        per_company=True,
    )
    sap_quiet_hours: tuple[quiet.Hours, ...] | None = setting(
        quiet_hours,
        None,
        "Hours, in TIME_ZONE, in which no refresh begins by itself, such as 22:00-06:00; several "
        "separated by commas.",
        per_company=True,
    )
    sap_timeout: timedelta = setting(
        duration, "2m", "Longest that one request to SAP may take in all.", per_company=True
    )
    gateway_url: str | None = setting(
        gateway_url,
        None,
        "Address of the gateway's sales orders (SOURCE=gateway).",
        per_company=True,
    )
    gateway_token: str | None = setting(
        header_value,
        None,
        "Sent to the gateway as a header's whole value, if set.",
        secret=True,
        per_company=True,
    )
    gateway_header: str = setting(
        header_name, "Authorization", "The header that the token is in.", per_company=True
    )
    gateway_days: int = setting(
        whole_number(0, 100),
        "3",
        "Days before today of which a gateway is asked for all orders in each refresh.",
        per_company=True,
    )
    gateway_first_days: int = setting(
        whole_number(0, 1000),
        "5",
        "The same in the first load, beside all open orders.",
        per_company=True,
    )
    lookback_days: int = setting(
        whole_number(1, 365),
        "2",
        "Days before the watermark that are asked for again.",
        per_company=True,
    )
    audit_open_within: timedelta = setting(
        duration, "24h", "Within this time every open order is read again whole.", per_company=True
    )
    audit_closed_within: timedelta = setting(
        duration, "30d", "Within this time every other order is read again whole.", per_company=True
    )
    audit_most: int = setting(
        whole_number(0, 5000),
        "100",
        "Orders of each kind that one run audits at most.",
        per_company=True,
    )
    reconcile_every: timedelta = setting(
        duration,
        "1d",
        "How often counts and sums are compared with SAP's.",
        per_company=True,
    )
    every: timedelta = setting(
        duration, "5m", "Time from the start of one refresh to the next.", per_company=True
    )
    cache_url: str | None = setting(
        cache_url,
        None,
        "Redis, redis://host:6379/0, in which all processes remember manufacturers of items; each "
        "its own when unset.",
        secret=True,
    )
    cache_for: timedelta = setting(
        duration, "5m", "How long a manufacturer of an item is remembered at most."
    )
    broker_url: str | None = setting(
        broker_url,
        None,
        "Redis or RabbitMQ that Celery's workers share; needs the extra `celery`.",
        secret=True,
    )
    broker_queue: str = setting(
        text, "ordermirror", "Celery's queue; another for each installation that shares a broker."
    )
    metrics_token: str | None = setting(
        token,
        None,
        "Bearer token that /metrics asks for; without one it answers on this machine only.",
        secret=True,
    )
    keep_history_days: int = setting(
        whole_number(30, 36500), "3650", "Days that an order's changes are kept."
    )
    keep_runs_days: int = setting(
        whole_number(2, 36500),
        "90",
        "Days that refreshes, reconciliations and alerts that are over are kept.",
    )
    keep_reads_days: int = setting(
        whole_number(2, 36500), "30", "Days that is kept why each order was read by its key."
    )
    email_url: str | None = setting(
        email_url,
        None,
        "Mail server, smtp://user:password@host:587 (with a user TLS is begun first) or "
        "smtps://…:465.",
        secret=True,
    )
    email_from: str = setting(text, "ordermirror@localhost", "Address that e-mails come from.")
    alert_emails: tuple[str, ...] | None = setting(
        words, None, "Addresses that are told when the mirror needs a person; needs EMAIL_URL."
    )
    alert_urls: tuple[str, ...] | None = setting(
        words,
        None,
        "Apprise addresses that are told too, for Teams, Telegram and others (extra `notify`).",
        secret=True,
    )
    alert_stale_after: timedelta = setting(
        duration,
        "30m",
        "Age of the data from which on somebody is told; two intervals where that is longer.",
    )
    alert_failed_times: int = setting(
        whole_number(1, 1000),
        "3",
        "Refreshes in a row that did not complete before somebody is told.",
    )
    alert_quarantined: int = setting(
        whole_number(1, 100_000), "5", "Orders set aside from which on somebody is told."
    )
    alert_quarantine_growth: int = setting(
        whole_number(1, 100_000),
        "10",
        "Orders set aside within an hour from which on somebody is told, however many there were.",
    )
    alert_quiet_hours: tuple[quiet.Hours, ...] | None = setting(
        quiet_hours,
        None,
        "Hours, in TIME_ZONE, in which nobody is told anything, such as 22:00-06:00; afterwards "
        "what still stands is.",
    )
    alert_ping_url: str | None = setting(
        ping_url,
        None,
        "Web address asked for each minute while nothing is wrong; its owner notices when that "
        "ends.",
        secret=True,
    )

    def database(self) -> str:
        """The database's URL, the embedded SQLite file when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ordermirror.sqlite3').resolve()}"

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours in which `now` (aware) lies end; None outside of them."""
        return quiet.until(self.sap_quiet_hours or (), self._local(now))

    def quiet_ended(self, now: datetime) -> datetime | None:
        """When the last quiet hours before `now` (aware) ended; None when none are set."""
        return quiet.last_end(self.sap_quiet_hours or (), self._local(now))

    def tells_nobody(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in hours in which no alert is sent."""
        return quiet.until(self.alert_quiet_hours or (), self._local(now)) is not None

    def _local(self, now: datetime) -> datetime:
        return now.astimezone(ZoneInfo(self.time_zone))

    def company(self) -> str | None:
        """What the mirrored company is called; a gateway does not tell. None when not set."""
        return self.sap_company_db or (GATEWAY if self.source == GATEWAY else None)

    def celery_trouble(self) -> str:
        """Why Celery can't work with these settings; empty when it can, or is not used."""
        if self.broker_url and urlsplit(self.database()).scheme == "sqlite":
            return (
                f"{variable('broker_url')} is set, but the database is an SQLite file, which "
                "workers on several machines can't share"
            )
        return ""

    def require_sap(self) -> None:
        """Raise ConfigError when the settings needed to reach SAP are missing."""
        missing = [name for name in NEEDED[self.source] if not getattr(self, name)]
        if missing:
            raise ConfigError(
                [f"{variable(name)} is not set: {MEANINGS[name]}" for name in missing]
            )


MEANINGS: dict[str, str] = {item.name: item.metadata["meaning"] for item in fields(Settings)}
PER_COMPANY: dict[str, Field[Any]] = {
    item.name: item for item in fields(Settings) if item.metadata["per_company"]
}
"""The settings that a company may have of its own."""
SECRETS = frozenset(item.name for item in fields(Settings) if item.metadata["secret"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One row of `ordermirror settings`."""

    name: str
    type: str
    default: str
    value: str
    meaning: str
    per_company: bool


def variable(name: str) -> str:
    return PREFIX + name.upper()


def read_environment(
    environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")
) -> dict[str, str]:
    """The environment over the `.env` file, OrderMirror's variables only."""
    known = whole_environment(environ, env_file)
    return {key: value for key, value in known.items() if key.startswith(PREFIX)}


def whole_environment(
    environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")
) -> dict[str, str]:
    """The environment over the `.env` file: where `env:NAME` is looked up. Nothing is empty."""
    merged = {**dotenv_values(env_file, interpolate=False), **environ}
    return {key: value for key, value in merged.items() if value}


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


def parse_own(texts: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    """The values of a company's own settings, given by field name as a user typed them.

    A secret is a reference: `env:NAME` to look up in `known`, or `file:/path`. Raises ConfigError
    with all mistakes at once.
    """
    problems = [not_of_a_company(name) for name in texts if name not in PER_COMPANY]
    values: dict[str, Any] = {}
    for name, text in texts.items():
        item = PER_COMPANY.get(name)
        try:
            if item and item.metadata["secret"]:
                text = _referred_to(text, known)
            if item:
                values[name] = item.metadata["parse"](text)
        except (ValueError, OSError) as exc:
            problems.append(f"{variable(name)}: {exc}")
    if problems:
        raise ConfigError(problems)
    return values


def with_own(settings: Settings, own: Mapping[str, Any]) -> Settings:
    """The settings of a company: its own over everybody's; raises ConfigError as `load` does."""
    merged = replace(settings, **own)
    problems = _contradictions({item.name: getattr(merged, item.name) for item in fields(merged)})
    if problems:
        raise ConfigError(problems)
    return merged


def not_of_a_company(name: str) -> str:
    """Why a company can't have this setting of its own."""
    if name in MEANINGS:
        return f"{variable(name)} is for all companies together"
    return _unknown(variable(name))


def _referred_to(reference: str, known: Mapping[str, str]) -> str:
    kind, _colon, place = reference.partition(":")
    if kind == "env" and place:
        if not known.get(place):
            raise ValueError(f"the environment variable {place} is not set")
        return known[place]
    if kind == "file" and place:
        try:
            return Path(place).expanduser().read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise ValueError(f"{place} can't be read: {exc.strerror}") from exc
    raise ValueError("a secret stays out of the database: say env:NAME or file:/path")


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
    for name, what in (("sap_url", "password"), ("gateway_url", "token and orders")):
        parts = urlsplit(values.get(name) or "")
        host = parts.hostname
        if parts.scheme == "http" and host not in LOOPBACK and not values.get("sap_allow_http"):
            problems.append(
                f"{variable(name)}: plain http would send the {what} unencrypted to {host}; "
                f"use https, or set {variable('sap_allow_http')}=true if that network is yours"
            )
    problems += _trust_problems(values)
    problems += _database_problems(values)
    problems += _alert_problems(values)
    for name, package, extra in OPTIONAL:
        if values.get(name):
            problems += _not_installed(name, package, extra)
    return problems


def _trust_problems(values: Mapping[str, Any]) -> list[str]:
    ca_file, pinned = values.get("sap_ca_file"), values.get("sap_fingerprint")
    problems = []
    if ca_file and not ca_file.is_file():
        problems.append(f"{variable('sap_ca_file')}: there is no file {ca_file}")
    if ca_file and pinned:
        problems.append(
            f"{variable('sap_fingerprint')}: set this or {variable('sap_ca_file')}, not both; a "
            "fingerprint trusts one certificate alone, a file whatever its authority signs"
        )
    address = "gateway_url" if values.get("source") == GATEWAY else "sap_url"
    if pinned and (values.get(address) or "").startswith("http:"):
        problems.append(
            f"{variable('sap_fingerprint')}: there is no certificate in plain http; "
            f"use https in {variable(address)}"
        )
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
    for package in packages:
        if pool or package != "psycopg_pool":
            problems += _not_installed("database_url", package, extra)
    return problems


def _not_installed(name: str, package: str, extra: str) -> list[str]:
    """What is wrong when a setting needs a package that is not there."""
    if find_spec(package) is not None:
        return []
    told = f'{package} is not installed; run `pip install "ordermirror[{extra}]"`'
    return [f"{variable(name)}: {told}"]


def _alert_problems(values: Mapping[str, Any]) -> list[str]:
    problems = []
    if values.get("alert_emails") and not values.get("email_url"):
        problems.append(
            f"{variable('alert_emails')}: no mail server is known; set {variable('email_url')}"
        )
    return problems


def _described(item: Field[Any], variables: Mapping[str, str]) -> Described:
    default = item.metadata["default"]
    given = _shown(item, variables)
    return Described(
        name=variable(item.name),
        type=item.metadata["parse"].__name__.replace("_", " "),
        default="" if default is None else default,
        value=given if given is not None else default or "",
        meaning=item.metadata["meaning"],
        per_company=item.metadata["per_company"],
    )


def _shown(item: Field[Any], variables: Mapping[str, str]) -> str | None:
    name = variable(item.name)
    if not item.metadata["secret"]:
        return variables.get(name)
    return "(set)" if name in variables or name + "_FILE" in variables else None
