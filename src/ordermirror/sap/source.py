"""What the mirror asks of a source of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ordermirror.core.fetched import Batch, LightRow, Newest
from ordermirror.records import SalesPerson


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

    def changed(self, *, since: date | None, above: int) -> Iterator[list[LightRow]]:
        """Orders stamped on or after `since` (None: all), and those with DocEntry > `above`."""
        ...

    def open(self) -> Iterator[list[LightRow]]:
        """Every open order."""
        ...

    def by_key(self, doc_entries: Sequence[int]) -> Iterator[Batch]:
        """These orders, whole; any that SAP does not show are missing from the batch."""
        ...

    def sales_people(self) -> list[SalesPerson]: ...

    def close(self) -> None:
        """End the session; never raises."""
        ...
