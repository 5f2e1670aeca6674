"""Mistakes that a mirror could have whose scope changes."""

from __future__ import annotations

from ordermirror import backfill
from ordermirror.core import mapping
from ordermirror.core.scope import Reach
from ordermirror.store import remembered, scopes, totals
from tests.simulation.defects import DEFECTS, Mutant, defect

__all__ = ["DEFECTS"]


@defect("orders of dropped customers stay shown", at=2)
def _(mutant: Mutant) -> None:
    mutant.swap(scopes, "hide_all_outside", lambda old: lambda company_id, scope: 0)


@defect("hidden orders stay in the totals", at=2)
def _(mutant: Mutant) -> None:
    mutant.swap(totals, "take_off", lambda old: lambda company_id, orders: None)


@defect("a hidden order that has not changed stays hidden", at=5)
def _(mutant: Mutant) -> None:
    def tells_nothing_new(original):
        def told(doc_entry, document_hash, known):
            same = remembered.is_same(doc_entry, document_hash, known)
            return same and known[doc_entry].mapping_version == mapping.VERSION

        return told

    mutant.swap(remembered, "tells_nothing_new", tells_nothing_new)


@defect("what a wider scope lacks is not loaded", at=2)
def _(mutant: Mutant) -> None:
    mutant.swap(backfill, "load_what_lacks", lambda old: lambda run: None)


@defect("a backfill goes on where an earlier one ended", at=30)
def _(mutant: Mutant) -> None:
    mutant.swap(Reach, "begins_anew", lambda old: lambda self, wanted: False)


@defect("what is lacking is thought to be loaded", at=5)
def _(mutant: Mutant) -> None:
    def moved(original):
        return lambda self, wanted, *, loading: Reach(wanted, wanted)

    mutant.swap(Reach, "moved", moved)
