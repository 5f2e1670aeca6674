"""Rows as the JSON the Service Layer sends, number by number exact.

Rendered rows are kept until the row changes, so that a sandbox of 100,000 orders answers fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha1
from typing import Any, TypeAlias

import msgspec

from ordermirror.sandbox.company import DELETE, Key, Row, Table
from ordermirror.sandbox.metadata import EntityType, entity_types
from ordermirror.sandbox.money import exact

Shape: TypeAlias = tuple[int, tuple[str, ...] | None]
"""The API version and the selected properties, None being all."""

_ETAG = {1: "odata.etag", 2: "@odata.etag"}
_KEPT_BYTES = 400_000_000
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The parts of the wire format that are a sandbox's choice."""

    fat: bool = False
    data_version: bool = False
    select_etag: bool = False
    """Whether a row of selected properties has its true ETag, or that of version 1."""
    v2_timestamps: bool = True


class Renderer:
    """Renders the rows of one table."""

    def __init__(self, table: Table, entity: EntityType, style: Style) -> None:
        self._table = table
        self._entity = entity
        self._style = style
        self._has_etag = style.data_version and "DataVersion" in entity.properties
        self._defaults = entity.defaults()
        if not style.data_version:
            self._defaults.pop("DataVersion", None)
        self._kept: dict[Shape, dict[Key, bytes]] = {}
        self._kept_bytes = 0
        table.on_touch = self._forget

    def row(self, key: Key, shape: Shape) -> bytes:
        kept = self._kept.setdefault(shape, {})
        body = kept.get(key)
        if body is None:
            body = self.render(self._table[key], shape)
            self._make_room(len(body))
            kept[key] = body
        return body

    def render(self, row: Row, shape: Shape) -> bytes:
        version, select = shape
        if select is None:
            chosen = self._whole(row, version)
        else:
            chosen = {name: row.get(name, self._defaults.get(name)) for name in select}
            if self._has_etag:
                data_version = row.get("DataVersion", 1) if self._style.select_etag else 1
                chosen = {_ETAG[version]: etag_of(data_version), **chosen}
        if self._style.fat or version == 2 or DELETE in chosen.values():
            chosen = {
                name: self._converted(name, value, version)
                for name, value in chosen.items()
                if value is not DELETE
            }
        return _encoder.encode(chosen)

    def _whole(self, row: Row, version: int) -> Row:
        if self._style.fat:
            row = {**self._defaults, **row}
        if not self._has_etag:
            return row
        etag = etag_of(row.get("DataVersion", 1))
        return {_ETAG[version]: etag, "DataVersion": 1, **row}

    def _converted(self, name: str, value: Any, version: int) -> Any:
        if type(value) is date and version == 2 and self._style.v2_timestamps:
            return timestamp(value)
        if not isinstance(value, list):
            return value
        return [self._element(name, each, version) for each in value]

    def _element(self, name: str, element: Any, version: int) -> Any:
        if not isinstance(element, dict):
            return element
        if self._style.fat:
            element = {**_element_defaults(self._entity.properties[name].type), **element}
        timestamps = version == 2 and self._style.v2_timestamps
        return {
            key: timestamp(value) if timestamps and type(value) is date else value
            for key, value in element.items()
            if value is not DELETE
        }

    def _make_room(self, size: int) -> None:
        self._kept_bytes += size
        if self._kept_bytes > _KEPT_BYTES:
            for rows in self._kept.values():
                rows.clear()
            self._kept_bytes = size

    def _forget(self, key: Key) -> None:
        for rows in self._kept.values():
            rows.pop(key, None)


def etag_of(data_version: int) -> str:
    """SAP's ETag is the SHA-1 of DataVersion as decimal text."""
    digest = sha1(str(data_version).encode(), usedforsecurity=False).hexdigest()
    return f'W/"{digest.upper()}"'


def array(rows: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def plain(value: Any) -> Any:
    """A Decimal given by a caller, in the form SAP writes doubles."""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not DELETE}
    return value


@cache
def _element_defaults(collection: str) -> dict[str, Any]:
    entity = entity_types().get(collection.strip("[]"))
    return entity.defaults() if entity else {}


@cache
def timestamp(day: date) -> str:
    """A day as newer v2 releases write it; the zone is a fiction."""
    return f"{day.isoformat()}T00:00:00Z"
