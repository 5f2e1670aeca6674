"""SAP Business One's Service Layer as a source of orders.

Pages are asked for by key (`DocEntry gt last`, ordered by DocEntry), which rows entering or
leaving the set between two pages can't disturb; SAP's next links are never followed. Every page
is asked for with the count of rows that remain, so the last page proves itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from urllib.parse import quote

import msgspec

from ordermirror.core.chunks import in_chunks
from ordermirror.core.fetched import (
    Base,
    Batch,
    Document,
    FollowUp,
    KeyCoverage,
    LightRow,
    Newest,
    RangeCoverage,
)
from ordermirror.core.fingerprint import document_hash, light_hash
from ordermirror.core.identity import Anchor
from ordermirror.core.reconcile import Counted
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.errors import BadAnswer, SAPError, SAPUnavailable
from ordermirror.phases import Phase, during
from ordermirror.records import HIGHEST_ENTRY, OPEN
from ordermirror.sap import conditions, wire
from ordermirror.sap.line_rows import LineRows
from ordermirror.sap.master_data import ServiceLayerMasterData
from ordermirror.sap.pace import PageSize
from ordermirror.sap.prefetch import in_order
from ordermirror.sap.query import counting, filter_of, page_headers, path
from ordermirror.sap.session import Access, Asking, Session, usable
from ordermirror.sap.source import FollowUpKind, Traffic
from ordermirror.sap.transport import HttpTransport, Transport

KEYS_PER_REQUEST = 100
"""A filter of 100 keys stays well below the 8,190 bytes that Apache takes in a request line."""

COUNTED_AS = {
    Counted.CLOSED: "DocumentStatus ne 'bost_Open' and Cancelled eq 'tNO'",
    Counted.CANCELLED: "Cancelled eq 'tYES'",
}
"""An order that is cancelled and open at once is one that is cancelled."""

WIDEST_WINDOW = 64
MOST_DOUBTS = 3
MOST_UNREADABLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A filter on an entity set, what of its rows is wanted, and how many rows at once.

    `keeps` says whether a row satisfies the filter, since an answer that ignores the filter must
    not be believed; it is asked with the row's DocEntry.
    """

    select: str
    page_size: int
    after: int
    entity: str = "Orders"
    filter: str = ""
    keeps: Callable[[int], bool] = lambda doc_entry: True

    @property
    def is_whole(self) -> bool:
        """Whether documents come with their lines, which is what weighs on SAP."""
        return "DocumentLines" in self.select


@dataclass(frozen=True, slots=True)
class Rows:
    """One page's rows with their keys; `read_at` is when the page was asked for (aware UTC)."""

    keys: list[int]
    rows: list[msgspec.Raw]
    remaining: int | None
    read_at: datetime

    @property
    def is_last(self) -> bool:
        """Proven: the count equals the rows, or there are none left."""
        return not self.rows or self.remaining == len(self.rows)

    def lacked_rows(self, following: Rows) -> bool:
        """Whether fewer rows follow than this page's count had left to follow."""
        if self.remaining is None or following.remaining is None:
            return False
        return following.remaining < self.remaining - len(self.rows)


def utc_now() -> datetime:
    return datetime.now(UTC)


class ServiceLayer:
    """Implements `ordermirror.sap.source.Source`.

    With `joined_lines`, orders are put together from headers and QueryService's line rows.
    """

    def __init__(
        self,
        access: Access,
        *,
        page_size: int,
        light_page_size: int,
        joined_lines: bool = False,
        clock: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        transport: Transport | None = None,
        scope: Scope = EVERYTHING,
    ) -> None:
        self.traffic = Traffic()
        self.scope = self.loaded = scope
        transport = transport or HttpTransport(
            ca_file=access.ca_file,
            fingerprint=access.fingerprint,
            total_seconds=access.total_seconds,
            connections=max(access.parallel, 1),
        )
        self._session = Session(access, self.traffic, transport, pause=pause, monotonic=monotonic)
        self._counting = counting(access.url)
        self.master_data = ServiceLayerMasterData(
            self._session, counting=self._counting, page_size=light_page_size
        )
        self._parallel = access.parallel
        self._page_size = page_size
        self._whole = PageSize(page_size)
        self._light_page_size = light_page_size
        self._light_rows = PageSize(light_page_size)
        self._line_rows = (
            LineRows(self._session, rows_at_once=light_page_size, read_whole=self._read_whole)
            if joined_lines
            else None
        )
        self._clock = clock
        self._unreadable_found = 0

    def newest(self, *, not_after: date) -> Newest:
        scope = conditions.within(self.scope)
        stamped = f"UpdateDate le '{not_after.isoformat()}'"
        highest = self._first("DocEntry desc", conditions.both("DocEntry gt 0", scope))
        stamp = self._first("UpdateDate desc", conditions.both(stamped, scope))
        light = _light_row(*stamp[0]).light if stamp[0] else None
        return Newest(
            highest[0][0] if highest[0] else 0,
            light.update_date if light else None,
            highest[1] or 0,
        )

    def load(self, *, after: int, highest: int) -> Iterator[Batch]:
        """Windows of DocEntry up to `highest`, several under way; then whatever lies above."""
        window = _Window(self._whole)
        tasks = (
            partial(self._window, low, high, window) for low, high in window.cut(after, highest)
        )
        for batches in in_order(tasks, parallel=self._parallel):
            yield from batches
        yield from self._above(max(after, highest))

    def backfill(self, *, after: int) -> Iterator[Batch]:
        """Numbers first, then the orders by them: what SAP can't render stops no other."""
        question = Question(
            select="DocEntry",
            page_size=self._light_page_size,
            after=after,
            filter=conditions.lacking(self.scope, self.loaded),
        )
        size = min(KEYS_PER_REQUEST, self._page_size)
        for page in self._pages(question):
            yield from map(self._keys, in_chunks(page.keys, size))

    def changed(
        self, *, since: date | None, above: int, anchors: Sequence[int] = ()
    ) -> Iterator[list[LightRow]]:
        condition = conditions.within(self.scope)
        if since:
            news = f"(UpdateDate ge '{since}' or DocEntry gt {above})"
            condition = conditions.both(conditions.of_customers(self.scope.customers), news)
        if condition and anchors:
            condition = f"({' or '.join([condition, *_each_key(anchors)])})"
        for page in self._light(condition, select=wire.CHANGED_SELECT, anchors=anchors):
            for row in page:
                if since and row.doc_entry not in anchors and not _is_changed(row, since, above):
                    raise BadAnswer(f"SAP sent order {row.doc_entry}, which was not asked for")
            yield page

    def open(self) -> Iterator[list[LightRow]]:
        customers = conditions.of_customers(self.scope.customers)
        condition = conditions.both("DocumentStatus eq 'bost_Open'", customers)
        for page in self._light(condition, select=wire.LIGHT_SELECT):
            for row in page:
                if row.light and row.light.document_status != OPEN:
                    raise BadAnswer(f"SAP sent order {row.doc_entry} as open, which it is not")
            yield page

    def count(self, counted: Counted) -> int:
        condition = conditions.both(COUNTED_AS[counted], conditions.within(self.scope))
        answer = self._session.ask(path("Orders/$count", filter_of(condition)), {})
        return wire.decode_count(usable(answer).body)

    def by_key(self, doc_entries: Sequence[int]) -> Iterator[Batch]:
        size = min(KEYS_PER_REQUEST, self._page_size)
        tasks = (partial(self._keys, keys) for keys in in_chunks(sorted(doc_entries), size))
        return in_order(tasks, parallel=self._parallel)

    def anchors(self, doc_entries: Sequence[int]) -> dict[int, Anchor]:
        rows = self._by_keys("Orders", wire.ANCHOR_SELECT, doc_entries)
        return {anchor.doc_entry: anchor for anchor in map(wire.decode_anchor, rows)}

    def newest_follow_up(self, kind: FollowUpKind) -> int:
        address = path(kind.entity, "$select=DocEntry", f"$orderby={quote('DocEntry desc')}&$top=1")
        page = self._session.get(address, page_headers(1), wire.decode_page)
        return wire.decode_doc_entry(page.rows[0]) if page.rows else 0

    def follow_ups(self, kind: FollowUpKind, *, above: int) -> Iterator[list[FollowUp]]:
        question = Question(
            entity=kind.entity,
            select=wire.FOLLOW_UP_SELECT,
            page_size=self._page_size,
            after=above,
        )
        for page in self._pages(question):
            yield [wire.decode_follow_up(row) for row in page.rows]

    def bases(self, kind: FollowUpKind, doc_entries: Sequence[int]) -> set[Base]:
        rows = self._by_keys(kind.entity, wire.FOLLOW_UP_SELECT, doc_entries)
        return {base for row in rows for base in wire.decode_follow_up(row).bases}

    def close(self) -> None:
        self._session.close()

    def _first(
        self, orderby: str, condition: str
    ) -> tuple[tuple[int, msgspec.Raw] | None, int | None]:
        """The first row with its key, and how many rows there are."""
        address = path(
            "Orders",
            f"$select={wire.LIGHT_SELECT}",
            filter_of(condition),
            f"$orderby={quote(orderby)}&$top=1",
            self._counting,
        )
        page = self._session.get(address, page_headers(1), _not_withheld)
        first = (wire.decode_doc_entry(page.rows[0]), page.rows[0]) if page.rows else None
        return first, page.remaining

    def _window(self, low: int, high: int, window: _Window) -> list[Batch]:
        question = Question(
            select=self._order_select,
            page_size=self._page_size,
            after=low,
            filter=conditions.both(f"DocEntry le {high}", conditions.within(self.scope)),
            keeps=lambda doc_entry: doc_entry <= high,
        )
        try:
            batches = list(self._ranges(question, low, high))
        except (SAPUnavailable, BadAnswer) as exc:
            self._require_answers(exc)
            batches = [self._window_by_key(replace(question, select="DocEntry"), high)]
        window.learn(high - low, sum(len(batch.documents) for batch in batches))
        return batches

    def _window_by_key(self, question: Question, high: int) -> Batch:
        """Of a window that can't be read whole: its numbers first, then the orders by them."""
        keys = [key for page in self._pages(question) for key in page.keys]
        size = min(KEYS_PER_REQUEST, self._page_size)
        documents = [doc for chunk in in_chunks(keys, size) for doc in self._readable(chunk)]
        return Batch(tuple(documents), RangeCoverage(question.after, high, high))

    def _above(self, low: int) -> Iterator[Batch]:
        question = Question(
            select=self._order_select,
            page_size=self._page_size,
            after=low,
            filter=conditions.within(self.scope),
        )
        return self._ranges(question, low, None)

    def _ranges(self, question: Question, low: int, high: int | None) -> Iterator[Batch]:
        """Each page covers the range up to its last key, the last one up to the end of the range.

        Without `high` the last page covers everything above, though no numbers are in use there
        yet.
        """
        for page in self._pages(question):
            end = page.keys[-1] if page.keys else low
            if not page.is_last:
                coverage = RangeCoverage(low, end, end)
            else:
                coverage = RangeCoverage(low, high or HIGHEST_ENTRY, high or end)
            yield Batch(tuple(self._documents(page, question)), coverage)
            low = end

    @property
    def _order_select(self) -> str:
        """What an order's page shows: everything, or headers to put together with line rows."""
        joined = self._line_rows is not None and self._line_rows.usable
        return wire.WITHOUT_LINES_SELECT if joined else wire.HEADER_SELECT

    def _documents(self, page: Rows, question: Question) -> list[Document]:
        if self._line_rows is None or question.is_whole:
            return list(_documents(page))
        return self._line_rows.documents(page.keys, page.rows, page.read_at)

    def _read_whole(self, keys: Sequence[int]) -> list[Document]:
        """Raises BadAnswer when one of these orders is not shown."""
        documents: list[Document] = []
        for chunk in in_chunks(keys, min(KEYS_PER_REQUEST, self._page_size)):
            for page in self._pages(_of_keys("Orders", wire.HEADER_SELECT, chunk)):
                documents += _documents(page)
        if len(documents) != len(keys):
            raise BadAnswer("an order went away while it was being read")
        return documents

    def _keys(self, keys: Sequence[int]) -> Batch:
        return Batch(tuple(self._readable(keys)), KeyCoverage(frozenset(keys)))

    def _readable(self, keys: Sequence[int]) -> list[Document]:
        """These orders; one that SAP can't render must not hold up its neighbours.

        When SAP answers other questions but not this one, each half is asked for by itself.
        """
        try:
            question = _of_keys("Orders", self._order_select, keys)
            pages = self._pages(question)
            return [document for page in pages for document in self._documents(page, question)]
        except (SAPUnavailable, BadAnswer) as exc:
            self._require_answers(exc)
            if len(keys) == 1:
                return [self._unreadable(keys[0], exc)]
        half = len(keys) // 2
        return self._readable(keys[:half]) + self._readable(keys[half:])

    def _require_answers(self, failure: SAPError) -> None:
        """Raises `failure` when SAP does not answer an easy question either."""
        try:
            self._first("DocEntry desc", "DocEntry gt 0")
        except (SAPUnavailable, BadAnswer):
            raise failure from None

    def _unreadable(self, doc_entry: int, failure: SAPError) -> Document:
        """A few orders may be so; when there are more, something else is wrong."""
        self._unreadable_found += 1
        if self._unreadable_found > MOST_UNREADABLE:
            raise failure
        return Document(doc_entry, b"", self._clock(), unreadable=str(failure))

    def _by_keys(
        self, entity: str, select: str, doc_entries: Sequence[int]
    ) -> Iterator[msgspec.Raw]:
        size = min(KEYS_PER_REQUEST, self._page_size)
        for keys in in_chunks(sorted(doc_entries), size):
            for page in self._pages(_of_keys(entity, select, keys)):
                yield from page.rows

    def _light(
        self, condition: str, *, select: str, anchors: Sequence[int] = ()
    ) -> Iterator[list[LightRow]]:
        told = self.scope.customers is not None or self.loaded.customers is not None
        question = Question(
            select=f"{select},CardCode" if told else select,
            page_size=self._light_page_size,
            after=0,
            filter=condition,
        )
        for page in self._pages(question):
            with during(Phase.DECODE):
                rows = zip(page.keys, page.rows, strict=True)
                found = [_light_row(key, row, with_anchor=key in anchors) for key, row in rows]
                if told:
                    found = self._of_our_customers(found, page.rows, anchors)
            yield found

    def _of_our_customers(
        self, found: list[LightRow], rows: list[msgspec.Raw], anchors: Sequence[int]
    ) -> list[LightRow]:
        """Rows of other customers are no news; of one that can't be read the order will tell."""
        kept = []
        for light, row in zip(found, rows, strict=True):
            try:
                code = wire.decode_card_code(row)
                ours = self.scope.has_customer(code)
            except ValueError:
                code, ours = None, True
            if ours or light.doc_entry in anchors:
                kept.append(light._replace(card_code=code))
        return kept

    def _pages(self, question: Question) -> Iterator[Rows]:
        """Pages until one proves to be the last.

        A page is handed over when the next one's count shows that it lacked no row; otherwise
        rows left the set meanwhile or were withheld, and it is asked for again.
        """
        held: Rows | None = None
        after, held_after, doubts = question.after, question.after, 0
        while True:
            page = self._page(question, after)
            if held and held.lacked_rows(page):
                doubts += 1
                if doubts == MOST_DOUBTS:
                    raise BadAnswer("SAP counts rows that it does not send")
                after, held = held_after, None
                continue
            if held:
                yield held
            if page.is_last:
                yield page
                return
            held, held_after, after = page, after, page.keys[-1]

    def _page(self, question: Question, after: int) -> Rows:
        """No more rows at once than fit into an answer, nor documents than SAP sends in time."""
        size = self._whole if question.is_whole else self._light_rows
        asked = min(question.page_size, size.rows)
        seconds = 0.0

        def less() -> Asking:
            nonlocal asked
            asked = size.fewer_than(asked)
            return self._asking(question, after, asked)

        def took(told: float) -> None:
            nonlocal seconds
            seconds = told

        address, headers = self._asking(question, after, asked)
        read = self._reading(question, after)
        page = self._session.get(address, headers, read, took=took, less=less)
        if question.is_whole:
            size.learn(asked=asked, got=len(page.rows), seconds=seconds)
        return page

    def _asking(self, question: Question, after: int, rows: int) -> Asking:
        address = path(
            question.entity,
            f"$select={question.select}",
            filter_of(" and ".join(filter(None, [f"DocEntry gt {after}", question.filter]))),
            f"$orderby=DocEntry&$top={rows}",
            self._counting,
        )
        return address, page_headers(rows)

    def _reading(self, question: Question, after: int) -> Callable[[bytes], Rows]:
        read_at = self._clock()

        def read(body: bytes) -> Rows:
            page = wire.decode_page(body)
            keys = [wire.decode_doc_entry(row) for row in page.rows]
            _check_page(keys, page.remaining, question, after)
            return Rows(keys, page.rows, page.remaining, read_at)

        return read


class _Window:
    """How many DocEntry numbers to ask for at once: as many as fill a page, gaps included."""

    def __init__(self, page_size: PageSize) -> None:
        self._page_size = page_size
        self._factor = 1

    def cut(self, after: int, highest: int) -> Iterator[tuple[int, int]]:
        while after < highest:
            upto = min(after + self._page_size.rows * self._factor, highest)
            yield after, upto
            after = upto

    def learn(self, width: int, found: int) -> None:
        rows = self._page_size.rows
        if found * 2 < rows and width >= rows * self._factor:
            self._factor = min(self._factor * 2, WIDEST_WINDOW)
        elif found > rows:
            self._factor = max(self._factor // 2, 1)


def _not_withheld(body: bytes) -> wire.Page:
    page = wire.decode_page(body)
    if page.remaining and not page.rows:
        raise BadAnswer("SAP counts rows that it does not send")
    return page


def _check_page(keys: list[int], remaining: int | None, question: Question, after: int) -> None:
    """A page counts only when it is what was asked for; raises BadAnswer otherwise."""
    previous = after
    for key in keys:
        if key <= previous:
            raise BadAnswer(f"SAP's rows are out of order: DocEntry {key} after {previous}")
        if not question.keeps(key):
            raise BadAnswer(f"SAP sent order {key}, which was not asked for")
        previous = key
    if remaining is not None and (remaining < len(keys) or (remaining and not keys)):
        raise BadAnswer(f"SAP counts {remaining} rows but sent {len(keys)}")


def _of_keys(entity: str, select: str, keys: Sequence[int]) -> Question:
    return Question(
        entity=entity,
        select=select,
        page_size=len(keys),
        after=0,
        filter=f"({' or '.join(_each_key(keys))})",
        keeps=frozenset(keys).__contains__,
    )


def _each_key(keys: Iterable[int]) -> list[str]:
    return [f"DocEntry eq {key}" for key in keys]


def _documents(page: Rows) -> Iterator[Document]:
    for key, row in zip(page.keys, page.rows, strict=True):
        yield Document(key, memoryview(row), page.read_at)


def _light_row(doc_entry: int, row: msgspec.Raw, *, with_anchor: bool = False) -> LightRow:
    anchor = wire.decode_anchor(row) if with_anchor else None
    try:
        light = wire.decode_light(row)
    except ValueError:
        return LightRow(doc_entry, document_hash(memoryview(row)), None, anchor)
    return LightRow(doc_entry, light_hash(light), light, anchor)


def _is_changed(row: LightRow, since: date, above: int) -> bool:
    if row.light is None:
        return True
    stamp = row.light.update_date
    return row.doc_entry > above or (stamp is not None and stamp >= since)
