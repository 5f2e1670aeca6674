"""`SQLQueries`: queries stored at the Service Layer, and `SQLQueries('code')/List`, which runs one.

Pages are forced: no header turns them off. A query's parameters come with the request, from a GET
in the URL and from a POST in its body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec

from ordermirror.sandbox.company import Company
from ordermirror.sandbox.errors import (
    ALREADY_EXISTS,
    NO_SQL_PERMISSION,
    SQL_PARAMETER,
    ServiceLayerError,
    bad_request,
    not_found,
    unrecognized_path,
)
from ordermirror.sandbox.http import Answer, Request, context_key, json_answer, json_headers, root
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.query import page_size, whole_number
from ordermirror.sandbox.sql_tables import SqlTables, own_names
from ordermirror.sandbox.sql_text import Statement, parse

_Body = TypeVar("_Body")
_PATH = re.compile(r"SQLQueries(?:\('((?:[^']|'')+)'\)(/List)?)?")
_PARAMETER = re.compile(r"(\w+)=('(?:[^']|'')*'|[^'&]*)(?:&|$)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class _Definition(msgspec.Struct):
    code: str = msgspec.field(name="SqlCode")
    name: str = msgspec.field(name="SqlName")
    text: str = msgspec.field(name="SqlText")


class _Parameters(msgspec.Struct):
    given: str | None = msgspec.field(name="ParamList", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuery:
    code: str
    name: str
    statement: Statement
    created: date


class SqlQueries:
    """The caller holds the company's lock."""

    def __init__(self, company: Company, options: SandboxOptions) -> None:
        self._company = company
        self._options = options
        self._tables = SqlTables(company, shuffle=options.shuffle_unordered)
        self._stored: dict[str, StoredQuery] = {}

    def answer(self, request: Request, version: int, path: str) -> Answer:
        match = _PATH.fullmatch(path)
        if match is None:
            raise unrecognized_path()
        if not self._options.sql_permission:
            raise ServiceLayerError(403, NO_SQL_PERMISSION, "No permission for SQL queries")
        code = match[1].replace("''", "'") if match[1] else None
        listed = match[2] is not None
        match request.method, code, listed:
            case "POST", None, False:
                return self._create(request, version)
            case (("GET" | "POST"), str(), True):
                return self._listed(request, version, self._query(code))
            case "GET", str(), False:
                return self._shown(request, version, self._query(code), 200)
            case "DELETE", str(), False:
                del self._stored[self._query(code).code]
                return Answer(status=204, headers=json_headers(version)[1:])
        raise ServiceLayerError(
            405, -1000, f"Method {request.method} is not allowed for this resource."
        )

    def _query(self, code: str) -> StoredQuery:
        if code not in self._stored:
            raise not_found()
        return self._stored[code]

    def _create(self, request: Request, version: int) -> Answer:
        given = _decoded(request.body, _Definition)
        if given.code in self._stored:
            text = "This entry already exists in the following tables (ODBC -2035)"
            raise ServiceLayerError(400, ALREADY_EXISTS, text)
        statement = parse(given.text, own_names())
        self._tables.check(statement)
        query = StoredQuery(
            code=given.code,
            name=given.name,
            statement=statement,
            created=self._company.now.date(),
        )
        self._stored[given.code] = query
        return self._shown(request, version, query, 201)

    def _shown(self, request: Request, version: int, query: StoredQuery, status: int) -> Answer:
        element = "@Element" if version == 1 else "$entity"
        body = {
            context_key(version): f"{root(request, version)}$metadata#SQLQueries/{element}",
            "SqlCode": query.code,
            "SqlName": query.name,
            "SqlText": query.statement.text,
            "ParamList": ",".join(query.statement.parameters) or None,
            "CreateDate": query.created.isoformat(),
            "UpdateDate": query.created.isoformat(),
        }
        return json_answer(status, body, version)

    def _listed(self, request: Request, version: int, query: StoredQuery) -> Answer:
        options = dict(parse_qsl(request.query, keep_blank_values=True))
        skip = whole_number("$skip", options.pop("$skip", "0"))
        given = _in_url(options) if request.method == "GET" else _posted(request.body)
        values = _values(given, query.statement)
        size = page_size(request.headers, self._options.page_size).rows or self._options.page_size
        found = islice(self._tables.run(query.statement, values), skip, query.statement.most)
        rows = list(islice(found, size))
        body: dict[str, Any] = {
            context_key(version): f"{root(request, version)}$metadata#SAPB1.SQLQueryResult",
            "SqlText": query.statement.text,
            "value": rows,
        }
        if next(found, None) is not None:
            prefix = "odata." if version == 1 else "@odata."
            pairs = "&".join(f"{name}={quote(text, safe='')}" for name, text in options.items())
            link = f"SQLQueries('{query.code}')/List?{pairs}&$skip={skip + len(rows)}"
            body[f"{prefix}nextLink"] = link
        return replace(json_answer(200, body, version), light_rows=len(rows))


def _in_url(options: Mapping[str, str]) -> Mapping[str, str]:
    """Each by its name; or all as one text, as a client goes on that began with a POST."""
    return _split(options["ParamList"]) if "ParamList" in options else options


def _posted(body: bytes) -> dict[str, str]:
    return _split(_decoded(body, _Parameters).given or "") if body.strip() else {}


def _split(text: str) -> dict[str, str]:
    given = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            raise _parameter_error()
        given[match[1]] = match[2]
        position = match.end()
    return given


def _values(given: Mapping[str, str], statement: Statement) -> dict[str, str | int | float]:
    """Texts come in quotes, numbers bare. SAP does not say which one is wrong."""
    if given.keys() != set(statement.parameters):
        raise _parameter_error()
    return {name: _value(text) for name, text in given.items()}


def _value(text: str) -> str | int | float:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if not _NUMBER.fullmatch(text):
        raise _parameter_error()
    return float(text) if "." in text else int(text)


def _parameter_error() -> ServiceLayerError:
    return ServiceLayerError(400, SQL_PARAMETER, "Parameter error.")


def _decoded(content: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise bad_request("Invalid JSON format") from exc
