"""What a log line holds: the run and company it is about, and no secret and no data.

Messages are written by us and quote no payload. What others write is not ours to know, so of
their errors only the type and the place are logged, unless messages of that type are about code,
files or connections. Secrets are struck out of whatever is left.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from ordermirror.conf import CACHE_SCHEMES, DATABASE_SCHEMES, MAIL_SCHEMES, Settings
from ordermirror.errors import OrderMirrorError

T = TypeVar("T")

STRUCK_OUT = "•••"
SHORTEST_SECRET = 4
"""Anything shorter would strike out half of every line."""
SHORTEST_PART = 8
TELLING = (
    OrderMirrorError, OSError, ImportError, AttributeError, NameError, TypeError, AssertionError,
    NotImplementedError,
)  # fmt: skip
"""Errors whose messages are about code, files or connections, never about data."""
TELLING_OF_DJANGO = frozenset(
    {"OperationalError", "InterfaceError", "ProgrammingError", "ImproperlyConfigured"}
)
"""The same by name, since Django need not be there. Only the first line: the others quote rows."""

_COOKIES = re.compile(r"((?:B1SESSION|ROUTEID|sessionid|csrftoken)=)[^;,\s'\"]+")
_BEARER = re.compile(r"(Bearer )[\w.~+/=-]+")
_bound: ContextVar[Mapping[str, object]] = ContextVar("bound")
_hidden: set[str] = set()


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Name what all lines are about that this thread logs in here: `company` and `run`."""
    token = _bound.set({**_bound.get({}), **facts})
    try:
        yield
    finally:
        _bound.reset(token)


def carried(task: Callable[[], T]) -> Callable[[], T]:
    """For another thread: the lines it logs are about the same. Nothing else is taken along."""
    about = _bound.get({})

    def run() -> T:
        with bound(**about):
            return task()

    return run


def hide(secret: str | None) -> None:
    """Strike this out of every line from now on."""
    if secret and len(secret) >= SHORTEST_SECRET:
        _hidden.add(secret)


def hide_secrets_of(settings: Settings) -> None:
    """Each secret setting, or of an address what is secret in it."""
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if item.metadata["secret"] and value:
            for text in value if isinstance(value, tuple) else (value,):
                for part in _secret_parts(text):
                    hide(part)


def _secret_parts(text: str) -> Iterator[str]:
    if "://" not in text:
        yield text
        return
    parts = urlsplit(text)
    if parts.password:
        yield from (parts.password, unquote(parts.password))
    if parts.scheme in (*DATABASE_SCHEMES, *MAIL_SCHEMES, *CACHE_SCHEMES):
        return
    yield text
    pieces = [*parts.path.split("/"), parts.query]
    if parts.scheme not in ("http", "https"):
        pieces.append(parts.netloc)  # Apprise puts tokens where web addresses have the host
    yield from (piece for piece in pieces if len(piece) >= SHORTEST_PART)


def without_secrets(text: str) -> str:
    text = _BEARER.sub(rf"\1{STRUCK_OUT}", _COOKIES.sub(rf"\1{STRUCK_OUT}", text))
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, STRUCK_OUT)
    return text


def described(exc: BaseException) -> str:
    """The error's type, and what it says unless that may quote data."""
    name = type(exc).__name__
    if isinstance(exc, TELLING):
        told = " ".join(str(exc).split())
    elif name in TELLING_OF_DJANGO:
        told = (str(exc).splitlines() or [""])[0]
    else:
        told = ""
    return without_secrets(f"{name}: {told}" if told else name)


def traced(exc: BaseException) -> str:
    """The error, where it was raised, and the errors it came from, the first one first."""
    told: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = exc
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        place = "".join(traceback.format_tb(step.__traceback__))
        told.insert(0, f"Traceback (most recent call last):\n{place}{described(step)}")
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return without_secrets("\n\nwhich led to\n\n".join(told))


class Bound(logging.Filter):
    """Puts what is bound into the record, where formatters of any kind find it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.bound = {**_bound.get({}), **getattr(record, "bound", {})}
        return True


class Faults(logging.Filter):
    """Of requests, only those that the program failed at: not those that asked for what is not
    there, nor 503, which is an answer to who asked whether all is well."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 500)
        return status >= 500 and status != 503


class _Formatter(logging.Formatter):
    def error_of(self, record: logging.LogRecord) -> str:
        """Never the text that another formatter has left in the record."""
        given = record.exc_info
        return traced(given[1]) if given and given[1] else ""


class Console(_Formatter):
    """One line for a person; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "bound", {})
        about = [str(facts["company"])] if "company" in facts else []
        about += [f"run {facts['run']}"] if "run" in facts else []
        head = f"{self.formatTime(record)} {record.levelname} {record.name}"
        head += f" [{' '.join(about)}]" if about else ""
        lines = [f"{head}: {record.getMessage()}", self.error_of(record)]
        return without_secrets("\n".join(filter(None, lines)))


class Json(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        told = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            **getattr(record, "bound", {}),
            "message": without_secrets(record.getMessage()),
        }
        error = self.error_of(record)
        if error:
            told["error"] = error
        return msgspec.json.encode(told).decode()


def config(settings: Settings) -> dict[str, Any]:
    """For Django's LOGGING, and for Granian."""
    handler: dict[str, Any] = {"class": "logging.StreamHandler"}
    if settings.log_file:
        handler = {
            "class": "ordermirror.log_file.SharedFile",
            "filename": str(settings.log_file.absolute()),
            "max_bytes": settings.log_file_megabytes * 1_000_000,
            "kept": settings.log_files_kept,
        }
    formatter = {"console": "Console", "json": "Json"}[settings.log_format]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"ordermirror.logs.{formatter}"}},
        "filters": {
            "bound": {"()": "ordermirror.logs.Bound"},
            "faults": {"()": "ordermirror.logs.Faults"},
        },
        "handlers": {"lines": handler | {"formatter": "line", "filters": ["bound"]}},
        "root": {"handlers": ["lines"], "level": settings.log_level},
        "loggers": {
            # Django hangs handlers of its own on these.
            "django": {"handlers": [], "propagate": True, "level": "NOTSET"},
            "django.server": {"handlers": [], "propagate": True, "level": "NOTSET"},
            "django.request": {"filters": ["faults"]},
            # These quote statements with their values, and addresses with their tokens.
            "django.db.backends": {"level": "INFO"},
            "apprise": {"level": "INFO"},
            "_granian": {"handlers": [], "propagate": True},
            "granian.access": {"handlers": [], "propagate": True},
        },
    }
