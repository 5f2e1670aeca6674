"""Requests and answers, apart from the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ordermirror.sandbox.errors import ServiceLayerError, error_body
from ordermirror.sandbox.render import encode

_JSON = {
    1: "application/json;odata=minimalmetadata;charset=utf-8",
    2: "application/json;odata.metadata=minimal;charset=utf-8",
}
_PROTOCOL = {1: ("DataServiceVersion", "3.0"), 2: ("OData-Version", "4.0")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    """Without the query string, percent-decoded."""
    query: str = ""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    base: str = "http://127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    whole_documents: int = 0
    light_rows: int = 0
    cut: bool = False
    """Send half of the body under the whole length, then drop the connection."""
    reset: bool = False
    """Drop the connection without an answer."""
    delay_seconds: float = 0.0

    def adding(self, *headers: tuple[str, str]) -> Answer:
        return replace(self, headers=(*self.headers, *headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    method: str
    path: str
    query: str
    status: int
    """0 when the connection was dropped without an answer."""
    bytes: int
    """Of the body as sent, so compressed if it was."""
    headers: Mapping[str, str]
    """Those the client may steer an answer with: prefer, b1s-pagesize, if-match."""


def json_headers(version: int) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", _JSON[version]), _PROTOCOL[version])


def json_answer(status: int, value: Any, version: int) -> Answer:
    return Answer(status=status, body=encode(value), headers=json_headers(version))


def error_answer(error: ServiceLayerError, version: int) -> Answer:
    body = error_body(error.code, error.text, version)
    return json_answer(error.status, body, version)


def context_key(version: int) -> str:
    return "odata.metadata" if version == 1 else "@odata.context"


def root(request: Request, version: int) -> str:
    return f"{request.base}/b1s/v{version}/"
