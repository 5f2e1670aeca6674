"""Entity sets as the Service Layer reads them out: a row, a property, a count, a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ordermirror.sandbox.company import Key, Row, Table
from ordermirror.sandbox.errors import bad_request, not_found, unrecognized_path
from ordermirror.sandbox.faults import Fault, Faults
from ordermirror.sandbox.http import Answer, Request, context_key, json_answer, json_headers, root
from ordermirror.sandbox.metadata import ENTITY_SETS, EntityType, entity_type_of
from ordermirror.sandbox.mischief import spoiled_rows
from ordermirror.sandbox.odata import Node
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.query import Query, dropping_link, next_link, page_size, parse_query
from ordermirror.sandbox.render import Renderer, Style, array, encode, etag_of
from ordermirror.sandbox.selection import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of what a query selects."""

    keys: list[Key]
    selected: int
    """Rows the filter selects, whatever $top and $skip say."""
    more: bool


class EntitySet:
    """One table, read by queries. The caller holds the company's lock."""

    def __init__(self, table: Table, options: SandboxOptions, faults: Faults) -> None:
        self.name = table.name
        self.key_property = table.key_property
        self._table = table
        self._options = options
        self._faults = faults
        self.entity = _entity(table.name, data_version=options.data_version)
        self._selector = Selector(
            table,
            self.entity,
            time_filter=options.time_filter,
            shuffle=options.shuffle_unordered,
        )
        style = Style(
            fat=options.fat,
            data_version=options.data_version,
            select_etag=options.select_etag == "true",
            v2_timestamps=options.v2_dates == "timestamp",
        )
        self.renderer = Renderer(table, self.entity, style)

    def one(self, request: Request, version: int, key_text: str) -> Answer:
        row = self._row(key_text)
        query = self._query(request, version)
        element = "@Element" if version == 1 else "$entity"
        context = f"{root(request, version)}$metadata#{self.name}/{element}"
        body = self.renderer.row(row[self._table.key_property], (version, query.select))
        head = encode({context_key(version): context})[:-1]
        answer = Answer(
            status=200,
            body=head + b"," + body[1:] if body != b"{}" else head + b"}",
            headers=json_headers(version),
            whole_documents=_is_whole(query),
            light_rows=not _is_whole(query),
        )
        told = query.select is None or self._options.select_etag == "true"
        if "DataVersion" in self.entity.properties and told:
            return answer.adding(("ETag", etag_of(row.get("DataVersion", 1))))
        return answer

    def property(self, request: Request, version: int, key_text: str, name: str) -> Answer:
        """`Orders(1)/CardName`: a property alone. v1 says odata.null for one without a value."""
        row = self._row(key_text)
        prop = self.entity.properties.get(name)
        if prop is None:
            raise unrecognized_path()
        value = row.get(name, prop.default)
        if value is None:
            null = {"odata.null": True} if version == 1 else {"@odata.null": True}
            return json_answer(200, null, version)
        context = f"{root(request, version)}$metadata#{self.name}({key_text})/{name}"
        return json_answer(200, {context_key(version): context, "value": value}, version)

    def count(self, request: Request, version: int) -> Answer:
        """The bare number, as text."""
        query = self._query(request, version)
        number = str(len(self._selector.select(query))).encode()
        headers = (("Content-Type", "text/plain;charset=utf-8"), json_headers(version)[1])
        return Answer(status=200, body=number, headers=headers)

    def collection(self, request: Request, version: int) -> Answer:
        query = self._query(request, version)
        size = page_size(request.headers, self._options.page_size)
        page = self._page(query, size.rows)
        fault = self._faults.of_page(self.name, len(page.keys))
        rows = self._rendered(page, query, version, fault)
        whole = len(rows) if _is_whole(query) else 0
        answer = Answer(
            status=200,
            body=self._body(request, version, query, page, rows, fault),
            headers=json_headers(version),
            whole_documents=whole,
            light_rows=len(rows) - whole,
        )
        if size.preferred:
            return answer.adding(("Preference-Applied", f"odata.maxpagesize={size.rows}"))
        return answer

    def rows(self, condition: Node | None) -> Iterator[Row]:
        """Those of which the condition is true, in the order SAP would show them."""
        window = self._selector.select(Query(filter=condition))
        return (self._table[key] for key in window.page(0, len(window)))

    def key(self, text: str) -> Key:
        """What stands between the parentheses of `Orders(1)`; anything else is refused."""
        return _key(text, self.name)

    def row(self, key: Key) -> Row | None:
        return self._table.get(key)

    def _query(self, request: Request, version: int) -> Query:
        in_operator = self._options.in_operator
        return parse_query(request.query, self.entity, version, in_operator=in_operator)

    def _next_link(self, query: Query, sent: int, version: int) -> str:
        if self._options.next_links == "whole":
            return next_link(self.name, query, sent=sent)
        rooted = self._options.next_links == "rooted"
        return dropping_link(self.name, query, sent=sent, version=version if rooted else None)

    def _row(self, key_text: str) -> Row:
        row = self._table.get(self.key(key_text))
        if row is None:
            raise not_found()
        return row

    def _page(self, query: Query, rows: int) -> Page:
        """$skip acts first, then $top, then the page size (0: all rows in one page)."""
        window = self._selector.select(query)
        wanted = max(0, len(window) - query.skip)
        if query.top is not None:
            wanted = min(wanted, query.top)
        keys = window.page(query.skip, min(wanted, rows) if rows else wanted)
        return Page(keys=keys, selected=len(window), more=wanted > len(keys))

    def _rendered(self, page: Page, query: Query, version: int, fault: Fault | None) -> list[bytes]:
        keys = page.keys
        if fault is not None:
            keys = spoiled_rows(fault, keys, lambda: self._foreign_key(query, page.keys))
        return [self.renderer.row(key, (version, query.select)) for key in keys]

    def _body(
        self,
        request: Request,
        version: int,
        query: Query,
        page: Page,
        rows: list[bytes],
        fault: Fault | None,
    ) -> bytes:
        prefix = "odata." if version == 1 else "@odata."
        head: dict[str, Any] = {
            context_key(version): f"{root(request, version)}$metadata#{self.name}"
        }
        if query.count:
            count = page.selected + (fault is not None and fault.kind == "wrong_count")
            head[f"{prefix}count"] = str(count) if version == 1 else count  # as recorded
        parts = [encode(head)[:-1], _value_part(fault, rows)]
        if page.more:
            link = self._next_link(query, len(page.keys), version)
            parts.append(b"," + encode({f"{prefix}nextLink": link})[1:-1])
        return b"".join([*parts, b"}"])

    def _foreign_key(self, query: Query, keys: list[Key]) -> Key | None:
        """A row the filter does not select: by preference one that would fit into the page."""
        if query.filter is None:
            return None
        predicate = self._selector.predicate(query.filter)
        first, last = (keys[0], keys[-1]) if keys else (None, None)
        spare: Key | None = None
        for key in self._table.keys:
            if predicate(self._table[key]) is not True:
                spare = key
                if first is None or first <= key <= last:
                    break
        return spare


def _entity(name: str, *, data_version: bool) -> EntityType:
    """Older releases do not know DataVersion at all."""
    entity = entity_type_of(name)
    if data_version:
        return entity
    known = {each: prop for each, prop in entity.properties.items() if each != "DataVersion"}
    return EntityType(name=entity.name, properties=known)


def _value_part(fault: Fault | None, rows: list[bytes]) -> bytes:
    if fault is not None and fault.kind == "no_value":
        return b""
    if fault is not None and fault.kind == "value_not_list":
        return b',"value":{}'
    return b',"value":' + array(rows)


def _is_whole(query: Query) -> bool:
    return query.select is None or "DocumentLines" in query.select


def _key(text: str, name: str) -> Key:
    """`Orders(1)` and `Orders(DocEntry=1)`, `Items('A')` and `Items(ItemCode='A')`."""
    kind, key_property = ENTITY_SETS[name]
    text = text.strip().removeprefix(f"{key_property}=")
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    if (kind in ("Item", "BusinessPartner")) is not quoted:
        raise bad_request("Invalid key expression")
    if quoted:
        return text[1:-1].replace("''", "'")
    if not re.fullmatch(r"-?\d{1,10}", text):
        raise bad_request("Invalid key expression")
    return int(text)
