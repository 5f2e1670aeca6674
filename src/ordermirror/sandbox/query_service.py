"""`POST QueryService_PostQuery`: the Service Layer's only way to filter and trim document lines.

The body holds a QueryPath, `$crossjoin(Orders,Orders/DocumentLines)`, and a QueryOption, which is
a query string with $expand and $filter. The answer is JSON, but calls itself text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import unquote

import msgspec

from ordermirror.sandbox.company import DELETE
from ordermirror.sandbox.crossjoin import Joined, Source, joined, source
from ordermirror.sandbox.entity_sets import EntitySet
from ordermirror.sandbox.errors import bad_request
from ordermirror.sandbox.http import Answer, Request, context_key, json_headers
from ordermirror.sandbox.odata import Node, parse_condition
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.query import Query, next_link, page_size, sort_keys, whole_number
from ordermirror.sandbox.render import encode, timestamp
from ordermirror.sandbox.selection import rank

_PATH = re.compile(r"\s*\$crossjoin\(([\w/,\s]+)\)\s*")
_EXPANDED = re.compile(r"\s*([\w/]+)\s*(?:\(\s*\$select\s*=([^()]*)\))?\s*(,|$)")
_NEXT_OPTION = re.compile(r"&(?=\s*(?:\$|%24))", re.IGNORECASE)
_KNOWN = ("$expand", "$filter", "$orderby", "$top", "$skip")
NAME = "QueryService_PostQuery"


class _Body(msgspec.Struct):
    query_path: str = msgspec.field(name="QueryPath")
    query_option: str = msgspec.field(name="QueryOption")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossJoin:
    sources: tuple[Source, ...]
    shown: Mapping[str, tuple[str, ...]]
    """By source, the properties its part of a row shows. A source left out is joined, not shown."""
    condition: Node
    orderby: tuple[tuple[str, bool], ...]
    """Paths, with True for descending."""
    page: Query
    """$top, $skip and the options as they came."""


class QueryService:
    """Answers joins. The caller holds the company's lock."""

    def __init__(self, entity_sets: Mapping[str, EntitySet], options: SandboxOptions) -> None:
        self._entity_sets = entity_sets
        self._options = options

    def answer(self, request: Request, version: int) -> Answer:
        """One page of rows, in no promised order unless one was asked for."""
        join = self._parsed(request.body)
        page = page_size(request.headers, self._options.page_size).rows or None
        top = join.page.top
        stop = None if top is None else join.page.skip + top
        found = islice(self._found(join), join.page.skip, stop)
        rows = list(islice(found, page))
        more = next(found, None) is not None
        body: dict[str, Any] = {
            context_key(version): "$metadata#Collection(Edm.ComplexType)",
            "value": [self._shown(row, join, version) for row in rows],
        }
        if more and self._options.query_service_paging == "next_link":
            prefix = "odata." if version == 1 else "@odata."
            body[f"{prefix}nextLink"] = next_link(NAME, join.page, sent=len(rows))
        headers = (("Content-Type", "text/plain;charset=utf-8"), json_headers(version)[1])
        return Answer(status=200, body=encode(body), headers=headers, light_rows=len(rows))

    def _parsed(self, content: bytes) -> CrossJoin:
        try:
            body = msgspec.json.decode(content, type=_Body)
        except (msgspec.DecodeError, msgspec.ValidationError) as exc:
            raise bad_request("Invalid JSON format") from exc
        path = _PATH.fullmatch(body.query_path)
        options = _options(body.query_option)
        if path is None or "," not in path[1] or not {"$expand", "$filter"} <= options.keys():
            raise bad_request("invalid $crossjoin query")
        sources = tuple(source(each.strip(), self._entity_sets) for each in path[1].split(","))
        return CrossJoin(
            sources=sources,
            shown=_expanded(options["$expand"], sources),
            condition=parse_condition(options["$filter"]),
            orderby=sort_keys(options.get("$orderby", "")),
            page=Query(
                top=whole_number("$top", options["$top"]) if "$top" in options else None,
                skip=whole_number("$skip", options.get("$skip", "0")),
                options=tuple(options.items()),
            ),
        )

    def _found(self, join: CrossJoin) -> Iterator[Joined]:
        shown = {f"{path}/{name}" for path, names in join.shown.items() for name in names}
        rows = joined(
            join.sources,
            join.condition,
            shown=shown | {name for name, _ in join.orderby},
            time_filter=self._options.time_filter,
        )
        if not join.orderby:
            return rows
        ordered = list(rows)
        for name, descending in reversed(join.orderby):
            ordered.sort(key=partial(_rank, name), reverse=descending)
        return iter(ordered)

    def _shown(self, row: Joined, join: CrossJoin, version: int) -> dict[str, Any]:
        timestamps = version == 2 and self._options.v2_dates == "timestamp"
        return {
            path: {
                name: timestamp(value) if timestamps and type(value) is date else value
                for name in names
                if (value := row[f"{path}/{name}"]) is not DELETE
            }
            for path, names in join.shown.items()
        }


def _rank(name: str, row: Joined) -> tuple[int, Any]:
    return rank(row[name])


def _options(text: str) -> dict[str, str]:
    """Values may be percent-encoded, as they are when a next link's query is sent back."""
    options = {}
    for part in _NEXT_OPTION.split(text.strip()):
        name, _, value = part.partition("=")
        options[unquote(name).strip()] = unquote(value).strip()
    for name in options:
        if name not in _KNOWN:
            raise bad_request(f"Query option '{name}' is not supported")
    return options


def _expanded(text: str, sources: tuple[Source, ...]) -> dict[str, tuple[str, ...]]:
    """`Orders($select=DocEntry),Orders/DocumentLines($select=LineNum)`; no $select shows all."""
    known = {each.path: each for each in sources}
    shown = {}
    position = 0
    while position < len(text):
        match = _EXPANDED.match(text, position)
        if match is None or match[1] not in known:
            raise bad_request(f"Query string error: Invalid $expand '{text}'")
        names = tuple(name.strip() for name in match[2].split(",")) if match[2] else ()
        path = match[1]
        shown[path] = names or tuple(
            each.removeprefix(f"{path}/") for each in known[path].properties
        )
        position = match.end()
    return shown
