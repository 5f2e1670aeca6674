"""What the mirror asks of a source of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Protocol

from ordermirror.core.fetched import Base, Batch, FollowUp, LightRow, Newest
from ordermirror.core.identity import Anchor
from ordermirror.records import SalesPerson


class FollowUpKind(Enum):
    """Documents that are drawn from orders or from each other: SAP's entity set and object code."""

    DELIVERIES = ("DeliveryNotes", 15)
    INVOICES = ("Invoices", 13)
    RETURNS = ("Returns", 16)
    CREDIT_NOTES = ("CreditNotes", 14)

    def __init__(self, entity: str, object_code: int) -> None:
        self.entity = entity
        self.object_code = object_code


ORDER_CODE = 17
"""SAP's object code of a sales order (BoObjectTypes)."""


@dataclass(slots=True)
class Traffic:
    """What asking has cost so far; `bytes` are counted after decompression."""

    requests: int = 0
    retries: int = 0
    logins: int = 0
    bytes: int = 0
    seconds_waited: float = 0.0


class Source(Protocol):
    """Where orders come from.

    An iterator that ends has proof that nothing is missing; one that can't prove it raises
    SAPUnavailable or BadAnswer instead. SAPRefused means that asking on is of no use.
    """

    traffic: Traffic

    def newest(self, *, not_after: date) -> Newest:
        """Stamps later than `not_after` are dirt and left out."""
        ...

    def load(self, *, after: int, highest: int) -> Iterator[Batch]:
        """Every order above `after`, in DocEntry order; `highest` is where the dense part ends."""
        ...

    def changed(
        self, *, since: date | None, above: int, anchors: Sequence[int] = ()
    ) -> Iterator[list[LightRow]]:
        """Orders stamped on or after `since` (None: all), those above `above`, and the anchors."""
        ...

    def open(self) -> Iterator[list[LightRow]]:
        """Every open order."""
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

    def sales_people(self) -> list[SalesPerson]: ...

    def close(self) -> None:
        """End the session; never raises."""
        ...
