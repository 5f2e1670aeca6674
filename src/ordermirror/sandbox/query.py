"""What a client asked of an entity set: the query options, and the page it wants.

Read from a URL's query string; a `$` may be sent as %24, a space as + or %20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from ordermirror.sandbox.errors import bad_request
from ordermirror.sandbox.metadata import EntityType
from ordermirror.sandbox.odata import Node, parse_filter
from ordermirror.sandbox.predicate import filterable

_KNOWN = (
    "$filter", "$select", "$orderby", "$top", "$skip", "$inlinecount", "$count", "$format",
)  # fmt: skip
_PREFERENCE = re.compile(r"odata\.maxpagesize\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSize:
    """How many rows a page may have (0: no paging), and whether a Prefer header said so."""

    rows: int
    preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    filter: Node | None = None
    orderby: tuple[tuple[str, bool], ...] = ()
    """Property names, with True for descending."""
    select: tuple[str, ...] | None = None
    top: int | None = None
    skip: int = 0
    count: bool = False
    options: tuple[tuple[str, str], ...] = ()
    """As they came, for the next link."""


def parse_query(text: str, entity: EntityType, version: int, *, in_operator: bool = False) -> Query:
    """`in_operator`: whether a filter of v2 may say `in`."""
    options = dict(parse_qsl(text, keep_blank_values=True))
    for name in options:
        if name.startswith("$") and name not in _KNOWN:
            raise bad_request(f"Query option '{name}' is not supported")
    source = options.get("$filter")
    return Query(
        filter=parse_filter(source, lists=in_operator and version == 2)
        if source and source.strip()
        else None,
        orderby=_orderby(options.get("$orderby", ""), entity),
        select=_select(options.get("$select", ""), entity),
        top=whole_number("$top", options["$top"]) if "$top" in options else None,
        skip=whole_number("$skip", options.get("$skip", "0")),
        count=_count(options, version),
        options=tuple(options.items()),
    )


def page_size(headers: Mapping[str, str], default: int) -> PageSize:
    """`Prefer: odata.maxpagesize=N`, or SAP's own B1S-PageSize header, beat the server's size."""
    match = _PREFERENCE.search(headers.get("prefer", ""))
    if match:
        return PageSize(rows=int(match.group(1)), preferred=True)
    own = headers.get("b1s-pagesize", "").strip()
    return PageSize(rows=int(own)) if own.isdigit() else PageSize(rows=default)


def next_link(path: str, query: Query, *, sent: int) -> str:
    """Relative, with every option kept. What is left of $top goes with it."""
    options = dict(query.options)
    options["$skip"] = str(query.skip + sent)
    if query.top is not None:
        options["$top"] = str(query.top - sent)
    skip = options.pop("$skip")
    pairs = [f"{name}={quote(value, safe='')}" for name, value in options.items()]
    return f"{path}?{'&'.join([*pairs, f'$skip={skip}'])}"


def dropping_link(path: str, query: Query, *, sent: int, version: int | None = None) -> str:
    """As few builds write it, without any option; with `version` it begins at the root."""
    root = f"/b1s/v{version}/" if version else ""
    return f"{root}{path}?$skip={query.skip + sent}"


def sort_keys(text: str) -> tuple[tuple[str, bool], ...]:
    """The names of an $orderby, with True for descending."""
    keys = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Query string error: Invalid $orderby '{part}'")
        keys.append((name, direction.strip() == "desc"))
    return tuple(keys)


def _orderby(text: str, entity: EntityType) -> tuple[tuple[str, bool], ...]:
    keys = sort_keys(text)
    for name, _ in keys:
        filterable(name, entity.properties)
    return keys


def _select(text: str, entity: EntityType) -> tuple[str, ...] | None:
    """Header properties and whole collections; nothing inside a line can be picked."""
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))
    for name in names:
        if name != "*" and name not in entity.properties:
            raise bad_request(f"Property '{name}' of '{entity.name}' is invalid")
    return None if not names or "*" in names else names


def _count(options: Mapping[str, str], version: int) -> bool:
    """v1 counts with $inlinecount=allpages and refuses other values, v2 with $count=true."""
    if version == 1 and "$inlinecount" in options:
        if options["$inlinecount"] not in ("allpages", "none"):
            raise bad_request("Query string error: Invalid value for '$inlinecount'")
        return options["$inlinecount"] == "allpages"
    if version == 2 and "$count" in options:
        if options["$count"] not in ("true", "false"):
            raise bad_request("Query string error: Invalid value for '$count'")
        return options["$count"] == "true"
    if "$inlinecount" in options or "$count" in options:
        raise bad_request("Query option is not supported in this version")
    return False


def whole_number(name: str, text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        raise bad_request(f"Query string error: Invalid value '{text}' for '{name}'")
    return int(text)
