"""What the mirror asks of a source of orders."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Generic, Protocol, TypeVar, runtime_checkable

from ordermirror.core.fetched import Base, Batch, FollowUp, LightRow, Newest
from ordermirror.core.identity import Anchor
from ordermirror.core.reconcile import Counted
from ordermirror.core.scope import Scope
from ordermirror.records import Customer, Item, Manufacturer, SalesPerson, ToldCustomer

T = TypeVar("T")


class FollowUpKind(Enum):
    """Documents that are drawn from orders or from each other: SAP's entity set and object code."""

    DELIVERIES = ("DeliveryNotes", 15)
    INVOICES = ("Invoices", 13)
    RETURNS = ("Returns", 16)
    CREDIT_NOTES = ("CreditNotes", 14)

    def __init__(self, entity: str, object_code: int) -> None:
        self.entity = entity
        self.object_code = object_code


MOST_NOTES = 10
ORDER_CODE = 17
"""SAP's object code of a sales order (BoObjectTypes)."""


@dataclass(slots=True)
class Traffic:
    """What asking has cost so far; `bytes` are counted after decompression.

    A source without logins counts one as soon as it has had an answer that it could use.
    """

    requests: int = 0
    retries: int = 0
    logins: int = 0
    bytes: int = 0
    seconds_waited: float = 0.0
    notes: list[str] = field(default_factory=list)
    """What was asked again or otherwise than first meant, and why; at most `MOST_NOTES`."""

    def note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES and text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, slots=True)
class MasterPage(Generic[T]):
    """Rows of master data; `unreadable` tells of each row that can't be taken, and why."""

    rows: tuple[T, ...]
    unreadable: tuple[str, ...] = ()


class MasterData(Protocol):
    """Where items, customers, manufacturers and sales people come from.

    As of a `Source`, an iterator that ends has proof that nothing is missing.
    """

    def sales_people(self) -> Iterator[MasterPage[SalesPerson]]: ...

    def manufacturers(self) -> Iterator[MasterPage[Manufacturer]]: ...

    def items(self, *, since: date | None) -> Iterator[MasterPage[Item]]:
        """Those created or updated on or after `since` (None: all)."""
        ...

    def customers(self, *, since: date | None) -> Iterator[MasterPage[Customer]]:
        """Those created or updated on or after `since` (None: all)."""
        ...

    def items_by_code(self, codes: Sequence[str]) -> Iterator[MasterPage[Item]]:
        """These items; any that SAP does not show are missing. The same of the others."""
        ...

    def customers_by_code(self, codes: Sequence[str]) -> Iterator[MasterPage[Customer]]: ...

    def sales_people_by_code(self, codes: Sequence[int]) -> Iterator[MasterPage[SalesPerson]]: ...

    def manufacturers_by_code(self, codes: Sequence[int]) -> Iterator[MasterPage[Manufacturer]]: ...


class Source(Protocol):
    """Where orders come from.

    An iterator that ends has proof that nothing is missing; one that can't prove it raises
    SAPUnavailable or BadAnswer instead. SAPRefused means that asking on is of no use.
    Questions about sets of orders are about those of `scope`; a source that can't ask so hands out
    others as well, which are not taken.
    """

    traffic: Traffic
    scope: Scope
    loaded: Scope
    """How much of it the mirror has; the run says so before it asks."""

    @property
    def master_data(self) -> MasterData | None:
        """None where this source has none."""
        ...

    def newest(self, *, not_after: date) -> Newest:
        """Stamps later than `not_after` are dirt and left out."""
        ...

    def load(self, *, after: int, highest: int) -> Iterator[Batch]:
        """Every order above `after`, in DocEntry order; `highest` is where the dense part ends."""
        ...

    def backfill(self, *, after: int) -> Iterator[Batch]:
        """Every order above `after` that is in the scope and not loaded, in DocEntry order."""
        ...

    def changed(
        self, *, since: date | None, above: int, anchors: Sequence[int] = ()
    ) -> Iterator[list[LightRow]]:
        """Orders stamped on or after `since` (None: all), those above `above`, and the anchors.

        Closed ones that were stamped lately may be older than the scope goes back.
        """
        ...

    def open(self) -> Iterator[list[LightRow]]:
        """Every open order."""
        ...

    def count(self, counted: Counted) -> int:
        """How many orders have this status; asked once, whatever the answer."""
        ...

    def by_key(self, doc_entries: Sequence[int]) -> Iterator[Batch]:
        """These orders, whole; any that SAP does not show are missing from the batch."""
        ...

    def anchors(self, doc_entries: Sequence[int]) -> dict[int, Anchor]:
        """What SAP shows of these orders' unchanging fields."""
        ...

    def newest_follow_up(self, kind: FollowUpKind) -> int:
        """The highest DocEntry of a kind of document, 0 when there is none."""
        ...

    def follow_ups(self, kind: FollowUpKind, *, above: int) -> Iterator[list[FollowUp]]:
        """Documents of a kind with DocEntry > `above`."""
        ...

    def bases(self, kind: FollowUpKind, doc_entries: Sequence[int]) -> set[Base]:
        """What these documents were drawn from."""
        ...

    def close(self) -> None:
        """End the session; never raises."""
        ...


@runtime_checkable
class SetSource(Protocol):
    """Where orders come from when only whole sets of them can be asked for.

    An iterator that ends has proof that it showed every order that was in the set all the while,
    and may have shown some twice. Its errors are a Source's.
    """

    traffic: Traffic
    scope: Scope
    """Orders of other customers are handed out as well, and not taken; it goes back as far as the
    days that are asked for."""

    def open_orders(self) -> Iterator[Batch]:
        """Every open order, whole."""
        ...

    def posted_on(self, day: date) -> Iterator[Batch]:
        """Every order whose posting date is this day, whole."""
        ...

    def by_number(self, numbers: Mapping[int, int]) -> Iterator[Batch]:
        """These orders, whole, given as DocEntry to DocNum; those not shown are missing from the
        batch."""
        ...

    def anchors(self, numbers: Mapping[int, int]) -> dict[int, Anchor]:
        """What SAP shows of these orders' unchanging fields."""
        ...

    def sales_people(self) -> list[SalesPerson]:
        """Those who have been named so far."""
        ...

    def customers(self, doc_entries: Collection[int]) -> list[ToldCustomer]:
        """What has been told so far of the customers of these orders."""
        ...

    def close(self) -> None:
        """Never raises."""
        ...
