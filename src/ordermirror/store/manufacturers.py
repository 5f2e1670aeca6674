"""Whose the items on orders are, looked up once in a run."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ordermirror.models import Company
from ordermirror.store.master_data import manufacturers_of
from ordermirror.store.remembering import Memory


class Found(NamedTuple):
    """Manufacturers by item code, None where there is none. `unknown` items are not stored."""

    manufacturers: dict[str, int | None]
    unknown: frozenset[str]


class Lookup:
    """The manufacturers that one run has needed so far.

    Asks the database for the codes that nobody remembers, with one statement. Where more batches
    are to come, and at a second time, it takes all items of the company at once: a third statement
    is never needed.
    """

    def __init__(self, company: Company, memory: Memory) -> None:
        self._company = company
        self._memory = memory
        self._known: dict[str, int | None] = {}
        self._news: dict[str, int | None] = {}
        self._all: dict[str, int | None] | None = None
        self._asked = False
        self.hits = 0
        self.misses = 0
        self.found_unknown = False

    def of(self, item_codes: Collection[str], *, more_to_come: bool) -> Found:
        """Of each code; `committed` is to be called when what was made of it is committed."""
        missing = set(item_codes) - self._known.keys() - self._news.keys()
        if missing and self._all is None:
            missing -= self._recall(missing)
        unknown: set[str] = set()
        if missing:
            self.misses += len(missing)
            stored = self._stored(missing, everything=more_to_come or self._asked)
            unknown = missing - stored.keys()
            self._news |= {code: stored.get(code) for code in missing}
        self.found_unknown |= bool(unknown)
        known = self._known | self._news
        return Found({code: known[code] for code in item_codes}, frozenset(unknown))

    def committed(self) -> None:
        """Remember what was looked up, items that nobody knows as well: they are noted now."""
        if self._news:
            self._known |= self._news
            self._memory.remember(self._company.manufacturers_version, self._news)
            self._news = {}

    def forget(self) -> None:
        """What was looked up has been undone, all or in part."""
        self._news = {}

    def counts(self) -> dict[str, int]:
        return {"hits": self.hits, "misses": self.misses}

    def _recall(self, item_codes: Collection[str]) -> set[str]:
        recalled = self._memory.recall(self._company.manufacturers_version, item_codes)
        self._known |= recalled
        self.hits += len(recalled)
        return set(recalled)

    def _stored(self, item_codes: Collection[str], *, everything: bool) -> dict[str, int | None]:
        if self._all is not None:
            return self._all
        found = manufacturers_of(self._company.pk, None if everything else item_codes)
        self._asked = True
        if everything:
            self._all = found
        return found
