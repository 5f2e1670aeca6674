"""Codes of master data that a run meets for the first time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ordermirror.records import Order


@dataclass(slots=True)
class Named:
    """What orders and items name that did not name it before: the rows may not be stored yet."""

    customers: set[str] = field(default_factory=set)
    sales_people: set[int] = field(default_factory=set)
    manufacturers: set[int] = field(default_factory=set)

    def take(self, before: Order | None, after: Order) -> None:
        """What an order names that was the first (None: new) and is the second."""
        if after.card_code and not (before and before.card_code == after.card_code):
            self.customers.add(after.card_code)
        seller = after.sales_person_code
        if seller is not None and not (before and before.sales_person_code == seller):
            self.sales_people.add(seller)

    def made_by(self, manufacturers: Iterable[int | None]) -> None:
        """Whose items are that were someone else's, or new."""
        self.manufacturers.update(it for it in manufacturers if it is not None)

    def also(self, part: Named) -> None:
        self.customers |= part.customers
        self.sales_people |= part.sales_people
        self.manufacturers |= part.manufacturers
