"""What was fetched, and what its being complete proves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from ordermirror.core.identity import Anchor
from ordermirror.records import LightOrder


class Document(NamedTuple):
    """A whole order as SAP sent it; `read_at` is when it was asked for (aware UTC).

    `unreadable` says why SAP could not send it, or not so that it can be read; empty otherwise.
    `doc_num` is given by sources that can be asked by number only.
    """

    doc_entry: int
    payload: bytes | memoryview
    read_at: datetime
    unreadable: str = ""
    doc_num: int | None = None


class LightRow(NamedTuple):
    """A light answer on one order; `light` is None when it can't be read, so the order must be.

    `anchor` is None unless the question asked for it. `card_code` is None unless some customers'
    orders are not mirrored, or still to be loaded.
    """

    doc_entry: int
    light_hash: int
    light: LightOrder | None
    anchor: Anchor | None = None
    card_code: str | None = None


class Base(NamedTuple):
    """The document that a line was drawn from, by SAP's object code and DocEntry."""

    object_code: int
    doc_entry: int


class FollowUp(NamedTuple):
    """A delivery, invoice, return or credit note, and what its lines were drawn from."""

    doc_entry: int
    bases: frozenset[Base]


@dataclass(frozen=True, slots=True)
class RangeCoverage:
    """Proves: `documents` are all orders with `after` < DocEntry <= `upto`.

    `got_to` is how far the numbers that are in use now go; there may be new ones above it.
    """

    after: int
    upto: int
    got_to: int


@dataclass(frozen=True, slots=True)
class KeyCoverage:
    """Proves: of these orders, SAP answered all that it shows us."""

    doc_entries: frozenset[int]


@dataclass(frozen=True, slots=True)
class PartCoverage:
    """Proves nothing beyond the documents themselves: they are a part of a set without order.

    `reading` rises when a set is read anew; what the last one showed is the set.
    """

    doc_entries: frozenset[int]
    reading: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents, ascending by DocEntry, and what their being together proves."""

    documents: tuple[Document, ...]
    coverage: RangeCoverage | KeyCoverage | PartCoverage


@dataclass(frozen=True, slots=True)
class Newest:
    """The highest DocEntry (0 when there are no orders), the newest change stamp, and how many."""

    doc_entry: int
    stamp: date | None
    count: int
