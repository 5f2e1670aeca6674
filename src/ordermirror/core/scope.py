"""How much of SAP is mirrored: whose orders, and how far back. Pure.

Card codes are compared to the letter, as SAP on HANA compares them. SAP on SQL Server, whose usual
collation does not tell `HO` from `ho`, sends more than was asked for; what does not begin to the
letter is left out, so that one setting means the same at every site.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

Prefixes = tuple[str, ...] | None
"""Beginnings of card codes, ascending and none within another; None is every card code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Open orders of `customers`, and their other orders posted on or after `since` (None: all)."""

    customers: Prefixes = None
    since: date | None = None

    def has_customer(self, card_code: str | None) -> bool:
        if self.customers is None:
            return True
        return card_code is not None and card_code.startswith(self.customers)

    def holds(self, card_code: str | None, doc_date: date | None, *, is_open: bool) -> bool:
        recent = self.since is None or (doc_date is not None and doc_date >= self.since)
        return self.has_customer(card_code) and (is_open or recent)

    def covers(self, other: Scope) -> bool:
        """Whether every order that `other` holds is held here."""
        reaches_back = self.since is None or (other.since is not None and self.since <= other.since)
        return reaches_back and self._has_customers_of(other)

    def _has_customers_of(self, other: Scope) -> bool:
        if other.customers is None:
            return self.customers is None
        return all(map(self.has_customer, other.customers))


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Reach:
    """The scope that is mirrored, and how much of it has been loaded so far.

    What is loaded may go back further than `target`: nothing that is mirrored is given up because
    it has become old.
    """

    target: Scope = EVERYTHING
    loaded: Scope = EVERYTHING

    @property
    def lacks(self) -> bool:
        """Whether something is still to be loaded."""
        return not self.loaded.covers(self.target)

    def is_still_to_load(self, card_code: str | None) -> bool:
        """Whether a customer's orders are known only as far as they have been loaded anew."""
        return self.lacks and not self.loaded.has_customer(card_code)

    def moved(self, wanted: Scope, *, loading: bool) -> Reach:
        """Once `wanted` is what shall be mirrored.

        Orders of customers that are given up become out of date, so they are loaded no longer.
        While a first load is under way (`loading`) nothing older than both scopes is complete.
        """
        since = _later(self.loaded.since, wanted.since) if loading else self.loaded.since
        customers = _in_both(self.loaded.customers, wanted.customers)
        return Reach(wanted, Scope(customers=customers, since=since))

    def of_sets(self, first: date, *, loading: bool) -> Reach:
        """Where whole days are asked for, of which a load begins with those from `first` on.

        No day before them is asked for unless the scope says since when.
        """
        since = self.loaded.since
        if self.target.since is None:
            since = None
        elif loading or since is None:
            since = first
        return replace(self, loaded=replace(self.loaded, since=since))

    def begins_anew(self, wanted: Scope) -> bool:
        """Whether what a backfill has passed lacks orders of `wanted`."""
        return not self.target.covers(wanted)

    def completed(self) -> Reach:
        """Everything that was lacking has been loaded."""
        if self.loaded._has_customers_of(self.target):
            return Reach(self.target, replace(self.target, since=_earlier(self)))
        return Reach(self.target, self.target)


def prefixes(texts: Iterable[str]) -> tuple[str, ...]:
    """Ascending, each once, without those that begin with another one."""
    kept: list[str] = []
    for text in sorted(texts):
        if not text.startswith(tuple(kept)):
            kept.append(text)
    return tuple(kept)


def _in_both(first: Prefixes, second: Prefixes) -> Prefixes:
    if first is None or second is None:
        return second if first is None else first
    within = [text for text in first if text.startswith(second)]
    return prefixes([*within, *(text for text in second if text.startswith(first))])


def _later(first: date | None, second: date | None) -> date | None:
    return max(filter(None, (first, second)), default=None)


def _earlier(reach: Reach) -> date | None:
    """None goes back furthest."""
    if reach.loaded.since is None or reach.target.since is None:
        return None
    return min(reach.loaded.since, reach.target.since)
