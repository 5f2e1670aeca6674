"""Whether what is mirrored adds up to what SAP shows: counts and sums, compared. Pure.

The two are looked at one after the other, and business goes on in between. What differs only for
that reason is on its way and no difference: it is left out of both sides of the open orders, and
of the others SAP is asked before and after, so that what is mirrored may lie between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import NamedTuple

from ordermirror.core.fingerprint import light_hash
from ordermirror.records import LightOrder

_ROOMY = Context(prec=60)
"""A sum of any number of amounts is exact."""

Lights = dict[int, LightOrder | None]
"""Light rows by DocEntry; None for one that can't be read."""


class Counted(StrEnum):
    """Orders that are counted and not looked at one by one; their statuses exclude each other."""

    CLOSED = "closed"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """How an order of the open set differs."""

    LACKING = "lacking"
    """Open at SAP, and not mirrored as open."""
    NOT_OPEN = "not_open"
    """Mirrored as open, and not among SAP's open orders."""
    TOTAL = "total"
    STATE = "state"
    """The totals agree; the stamp or whether it is cancelled does not."""
    SET_ASIDE = "set_aside"
    """Its newest version is in quarantine."""


class Standing(NamedTuple):
    """What the mirror remembers of an order: the light row of its last whole read, and whether
    that was after SAP had shown its rows. `owed`: it is to be read again anyway; `set_aside`: it
    could not be taken."""

    light_hash: int | None = None
    read_since: bool = False
    owed: bool = False
    set_aside: bool = False


class Difference(NamedTuple):
    """Totals are None where the side does not have the order as open."""

    doc_entry: int
    reason: Reason
    at_sap: Decimal | None
    here: Decimal | None


class Side(NamedTuple):
    """How many open orders there are, and the exact sum of their totals in the company's own
    currency; an order without a total adds nothing."""

    orders: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """The open orders of both sides, without those that are on their way."""

    at_sap: Side
    here: Side
    on_their_way: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Orders of a status: at SAP before and after the mirror was refreshed, and mirrored.

    `unsettled` orders wait to be read or taken, or changed in between: they may be of this status
    or not.
    """

    before: int
    after: int
    here: int
    unsettled: int = 0

    @property
    def difference(self) -> int:
        """How many are mirrored too many, or too few (negative), whatever happened meanwhile."""
        fewest = min(self.before, self.after) - self.unsettled
        most = max(self.before, self.after) + self.unsettled
        return max(self.here - most, 0) or min(self.here - fewest, 0)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`not_possible` says why SAP did not count; empty when it did, or can't be asked to."""

    open_orders: OpenOrders
    counts: Mapping[Counted, Count]
    not_possible: str = ""

    @property
    def differing(self) -> int:
        """Orders that differ, as far as that can be told."""
        counted = sum(abs(count.difference) for count in self.counts.values())
        return len(self.open_orders.differences) + counted


def unequal(at_sap: Lights, here: Mapping[int, LightOrder]) -> set[int]:
    """Orders that are open on either side and not shown alike on both."""
    return {
        entry
        for entry in at_sap.keys() | here.keys()
        if (shown := at_sap.get(entry)) is None or shown != here.get(entry)
    }


def compared(
    at_sap: Lights,
    here: Mapping[int, LightOrder],
    standings: Mapping[int, Standing],
) -> OpenOrders:
    """`standings` are of the orders that are unequal."""
    differences: list[Difference] = []
    on_their_way: set[int] = set()
    for entry in sorted(unequal(at_sap, here)):
        standing = standings.get(entry, Standing())
        reason = _reason(entry, at_sap, here, standing)
        if reason is None:
            on_their_way.add(entry)
        else:
            totals = _total(at_sap.get(entry)), _total(here.get(entry))
            differences.append(Difference(entry, reason, *totals))
    return OpenOrders(
        _side(at_sap[entry] for entry in at_sap.keys() - on_their_way),
        _side(here[entry] for entry in here.keys() - on_their_way),
        len(on_their_way),
        tuple(differences),
    )


def _reason(
    entry: int, at_sap: Lights, here: Mapping[int, LightOrder], standing: Standing
) -> Reason | None:
    """None for an order that is on its way.

    One that looked otherwise when it was read after SAP had shown its rows has changed in between.
    One whose last whole read shows what SAP's row shows must be stored just so.
    """
    if standing.set_aside:
        return Reason.SET_ASIDE
    shown, mirrored = at_sap.get(entry), here.get(entry)
    if standing.owed or (entry in at_sap and shown is None):
        return None
    if shown is None:
        return None if standing.read_since else Reason.NOT_OPEN
    if standing.read_since and standing.light_hash != light_hash(shown):
        return None
    if mirrored is None:
        return Reason.LACKING
    return Reason.STATE if shown.doc_total == mirrored.doc_total else Reason.TOTAL


def _total(light: LightOrder | None) -> Decimal | None:
    return light.doc_total if light else None


def _side(lights: Iterable[LightOrder | None]) -> Side:
    orders, total = 0, Decimal("0.000000")
    for light in lights:
        orders += 1
        total = _ROOMY.add(total, _total(light) or 0)
    return Side(orders, total)
