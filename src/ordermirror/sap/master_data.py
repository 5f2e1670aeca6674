"""The Service Layer's master data: items, customers, manufacturers and sales people.

Pages are asked for by key, as orders are. How texts are sorted is the collation's of SAP's
database, so a page of texts is not held against an order of ours: its keys must be new ones, and
the counts of rows that remain must show that none was lacking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

import msgspec

from ordermirror.errors import BadAnswer
from ordermirror.records import Customer, Item, Manufacturer, SalesPerson
from ordermirror.sap import wire, wire_masters
from ordermirror.sap.pace import PageSize
from ordermirror.sap.query import filter_of, page_headers, path
from ordermirror.sap.session import Asking, Session
from ordermirror.sap.source import MasterPage

MOST_CODES = 100
LONGEST_FILTER = 4000
"""Bytes in a URL: with the rest of it well below the 8,190 that Apache takes in a request line."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """An entity set: its key, what is wanted of its rows and how they are decoded."""

    entity: str
    key: str
    select: str
    decode: Callable[[msgspec.Raw], T]
    only: str = ""
    """The rows that are wanted; empty for all."""


_SALES_PEOPLE = _Kind(
    "SalesPersons",
    "SalesEmployeeCode",
    wire_masters.SALES_PERSON_SELECT,
    wire_masters.decode_sales_person,
)
_MANUFACTURERS = _Kind(
    "Manufacturers", "Code", wire_masters.MANUFACTURER_SELECT, wire_masters.decode_manufacturer
)
_ITEMS = _Kind("Items", "ItemCode", wire_masters.ITEM_SELECT, wire_masters.decode_item)
_CUSTOMERS = _Kind(
    "BusinessPartners",
    "CardCode",
    wire_masters.CUSTOMER_SELECT,
    wire_masters.decode_customer,
    "CardType eq 'cCustomer'",
)


class ServiceLayerMasterData:
    """Implements `ordermirror.sap.source.MasterData`."""

    def __init__(self, session: Session, *, counting: str, page_size: int) -> None:
        self._session = session
        self._counting = counting
        self._size = PageSize(page_size)

    def sales_people(self) -> Iterator[MasterPage[SalesPerson]]:
        return self._pages(_SALES_PEOPLE, "")

    def manufacturers(self) -> Iterator[MasterPage[Manufacturer]]:
        return self._pages(_MANUFACTURERS, "")

    def items(self, *, since: date | None) -> Iterator[MasterPage[Item]]:
        return self._pages(_ITEMS, _stamped(since))

    def customers(self, *, since: date | None) -> Iterator[MasterPage[Customer]]:
        return self._pages(_CUSTOMERS, _stamped(since))

    def items_by_code(self, codes: Sequence[str]) -> Iterator[MasterPage[Item]]:
        return self._by_code(_ITEMS, codes)

    def customers_by_code(self, codes: Sequence[str]) -> Iterator[MasterPage[Customer]]:
        return self._by_code(_CUSTOMERS, codes)

    def sales_people_by_code(self, codes: Sequence[int]) -> Iterator[MasterPage[SalesPerson]]:
        return self._by_code(_SALES_PEOPLE, codes)

    def manufacturers_by_code(self, codes: Sequence[int]) -> Iterator[MasterPage[Manufacturer]]:
        return self._by_code(_MANUFACTURERS, codes)

    def _by_code(self, kind: _Kind[T], codes: Sequence[int | str]) -> Iterator[MasterPage[T]]:
        for condition in _either(kind.key, codes):
            yield from self._pages(kind, condition)

    def _pages(self, kind: _Kind[T], condition: str) -> Iterator[MasterPage[T]]:
        """Pages until one proves to be the last. Each row is true by itself, so a page is handed
        over before it is known whether it lacked one; then BadAnswer is raised instead of an end.
        """
        conditions = [part for part in (kind.only, condition) if part]
        seen: set[int | str] = set()
        after, expected = "", 0
        while True:
            page = self._page(kind, [after, *conditions] if after else conditions)
            keys = [wire.decode_key(row, kind.key) for row in page.rows]
            if page.remaining is not None and page.remaining < expected:
                raise BadAnswer(f"SAP counts rows of {kind.entity} that it does not send")
            if len(seen | set(keys)) < len(seen) + len(keys):
                raise BadAnswer(f"SAP sent a row of {kind.entity} twice")
            seen.update(keys)
            yield _decoded(kind, page.rows, keys)
            if not keys or page.remaining == len(keys):
                return
            after = f"{kind.key} gt {_literal(keys[-1])}"
            expected = (page.remaining or 0) - len(keys)

    def _page(self, kind: _Kind[T], conditions: Sequence[str]) -> wire.Page:
        asked = self._size.rows

        def asking() -> Asking:
            address = path(
                kind.entity,
                f"$select={kind.select}",
                *([filter_of(" and ".join(conditions))] if conditions else ()),
                f"$orderby={kind.key}&$top={asked}",
                self._counting,
            )
            return address, page_headers(asked)

        def less() -> Asking:
            nonlocal asked
            asked = self._size.fewer_than(asked)
            return asking()

        return self._session.get(*asking(), _counted, less=less)


def _counted(body: bytes) -> wire.Page:
    page = wire.decode_page(body)
    counted = page.remaining
    if counted is not None and (counted < len(page.rows) or (counted and not page.rows)):
        raise BadAnswer(f"SAP counts {counted} rows but sent {len(page.rows)}")
    return page


def _decoded(
    kind: _Kind[T], rows: Sequence[msgspec.Raw], keys: Sequence[int | str]
) -> MasterPage[T]:
    """One row that can't be read must not hold up the others."""
    decoded: list[T] = []
    unreadable: list[str] = []
    for row, key in zip(rows, keys, strict=True):
        try:
            decoded.append(kind.decode(row))
        except ValueError as exc:
            unreadable.append(f"{kind.entity} {key} can't be read: {exc}")
        except BadAnswer as exc:
            unreadable.append(str(exc))
    return MasterPage(tuple(decoded), tuple(unreadable))


def _stamped(since: date | None) -> str:
    """SAP leaves UpdateDate empty until the first update."""
    return f"(UpdateDate ge '{since}' or CreateDate ge '{since}')" if since else ""


def _either(key: str, codes: Sequence[int | str]) -> Iterator[str]:
    """Filters that ask for all of these between them, each short enough for a URL."""
    terms: list[str] = []
    length = 0
    for code in codes:
        term = f"{key} eq {_literal(code)}"
        size = len(filter_of(term))
        if terms and (len(terms) == MOST_CODES or length + size > LONGEST_FILTER):
            yield f"({' or '.join(terms)})"
            terms, length = [], 0
        terms.append(term)
        length += size
    if terms:
        yield f"({' or '.join(terms)})"


def _literal(key: int | str) -> str:
    return str(key) if isinstance(key, int) else "'" + key.replace("'", "''") + "'"
