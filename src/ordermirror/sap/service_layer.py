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
from ordermirror.errors import BadAnswer, SAPError, SAPUnavailable
from ordermirror.records import HIGHEST_ENTRY, OPEN, SalesPerson
from ordermirror.sap import wire
from ordermirror.sap.prefetch import in_order
from ordermirror.sap.session import Access, Session
from ordermirror.sap.source import FollowUpKind, Traffic
from ordermirror.sap.transport import HttpTransport, Transport

KEYS_PER_REQUEST = 100
"""A filter of 100 keys stays well below the 8,190 bytes that Apache takes in a request line."""

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
    """Implements `ordermirror.sap.source.Source`."""

    def __init__(
        self,
        access: Access,
        *,
        page_size: int,
        light_page_size: int,
        clock: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] = time.sleep,
        transport: Transport | None = None,
    ) -> None:
        self.traffic = Traffic()
        transport = transport or HttpTransport(
            ca_file=access.ca_file,
            total_seconds=access.total_seconds,
            connections=max(access.parallel, 1),
        )
        self._session = Session(access, self.traffic, transport, pause=pause)
        self._counting = "$inlinecount=allpages" if access.url.endswith("/v1") else "$count=true"
        self._parallel = access.parallel
        self._page_size = page_size
        self._light_page_size = light_page_size
        self._clock = clock
        self._unreadable_found = 0

    def newest(self, *, not_after: date) -> Newest:
        highest = self._first("DocEntry desc", "DocEntry gt 0")
        stamp = self._first("UpdateDate desc", f"UpdateDate le '{not_after.isoformat()}'")
        light = _light_row(*stamp[0]).light if stamp[0] else None
        return Newest(
            highest[0][0] if highest[0] else 0,
            light.update_date if light else None,
            highest[1] or 0,
        )

    def load(self, *, after: int, highest: int) -> Iterator[Batch]:
        """Windows of DocEntry up to `highest`, several under way; then whatever lies above."""
        window = _Window(self._page_size)
        tasks = (
            partial(self._window, low, high, window) for low, high in window.cut(after, highest)
        )
        for batches in in_order(tasks, parallel=self._parallel):
            yield from batches
        yield from self._above(max(after, highest))

    def changed(
        self, *, since: date | None, above: int, anchors: Sequence[int] = ()
    ) -> Iterator[list[LightRow]]:
        wanted = [f"DocEntry gt {above}", *_each_key(anchors)]
        condition = f"(UpdateDate ge '{since}' or {' or '.join(wanted)})" if since else ""
        for page in self._light(condition, select=wire.CHANGED_SELECT, anchors=anchors):
            for row in page:
                if since and row.doc_entry not in anchors and not _is_changed(row, since, above):
                    raise BadAnswer(f"SAP sent order {row.doc_entry}, which was not asked for")
            yield page

    def open(self) -> Iterator[list[LightRow]]:
        for page in self._light("DocumentStatus eq 'bost_Open'", select=wire.LIGHT_SELECT):
            for row in page:
                if row.light and row.light.document_status != OPEN:
                    raise BadAnswer(f"SAP sent order {row.doc_entry} as open, which it is not")
            yield page

    def by_key(self, doc_entries: Sequence[int]) -> Iterator[Batch]:
        size = min(KEYS_PER_REQUEST, self._page_size)
        tasks = (partial(self._keys, keys) for keys in in_chunks(sorted(doc_entries), size))
        return in_order(tasks, parallel=self._parallel)

    def anchors(self, doc_entries: Sequence[int]) -> dict[int, Anchor]:
        rows = self._by_keys("Orders", wire.ANCHOR_SELECT, doc_entries)
        return {anchor.doc_entry: anchor for anchor in map(wire.decode_anchor, rows)}

    def newest_follow_up(self, kind: FollowUpKind) -> int:
        path = _path(kind.entity, "$select=DocEntry", f"$orderby={quote('DocEntry desc')}&$top=1")
        page = self._session.get(path, _page_headers(1), wire.decode_page)
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

    def sales_people(self) -> list[SalesPerson]:
        people: list[SalesPerson] = []
        while True:
            after = people[-1].sales_employee_code if people else -(2**31)
            page = self._session.get(
                _path(
                    "SalesPersons",
                    f"$select={wire.SALES_PERSON_SELECT}",
                    _filter(f"SalesEmployeeCode gt {after}"),
                    f"$orderby=SalesEmployeeCode&$top={self._light_page_size}",
                    self._counting,
                ),
                _page_headers(self._light_page_size),
                wire.decode_page,
            )
            people += _ascending_people(page.rows, after)
            if not page.rows or page.remaining == len(page.rows):
                return people

    def close(self) -> None:
        self._session.close()

    def _first(
        self, orderby: str, condition: str
    ) -> tuple[tuple[int, msgspec.Raw] | None, int | None]:
        """The first row with its key, and how many rows there are."""
        path = _path(
            "Orders",
            f"$select={wire.LIGHT_SELECT}",
            _filter(condition),
            f"$orderby={quote(orderby)}&$top=1",
            self._counting,
        )
        page = self._session.get(path, _page_headers(1), _not_withheld)
        first = (wire.decode_doc_entry(page.rows[0]), page.rows[0]) if page.rows else None
        return first, page.remaining

    def _window(self, low: int, high: int, window: _Window) -> list[Batch]:
        question = Question(
            select=wire.HEADER_SELECT,
            page_size=self._page_size,
            after=low,
            filter=f"DocEntry le {high}",
            keeps=lambda doc_entry: doc_entry <= high,
        )
        try:
            batches = list(_ranges(self._pages(question), low, high))
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
        question = Question(select=wire.HEADER_SELECT, page_size=self._page_size, after=low)
        return _ranges(self._pages(question), low, None)

    def _keys(self, keys: Sequence[int]) -> Batch:
        return Batch(tuple(self._readable(keys)), KeyCoverage(frozenset(keys)))

    def _readable(self, keys: Sequence[int]) -> list[Document]:
        """These orders; one that SAP can't render must not hold up its neighbours.

        When SAP answers other questions but not this one, each half is asked for by itself.
        """
        try:
            pages = self._pages(_of_keys("Orders", wire.HEADER_SELECT, keys))
            return [document for page in pages for document in _documents(page)]
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
        question = Question(
            select=select, page_size=self._light_page_size, after=0, filter=condition
        )
        for page in self._pages(question):
            yield [
                _light_row(key, row, with_anchor=key in anchors)
                for key, row in zip(page.keys, page.rows, strict=True)
            ]

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
        path = _path(
            question.entity,
            f"$select={question.select}",
            _filter(" and ".join(filter(None, [f"DocEntry gt {after}", question.filter]))),
            f"$orderby=DocEntry&$top={question.page_size}",
            self._counting,
        )
        read_at = self._clock()

        def read(body: bytes) -> Rows:
            page = wire.decode_page(body)
            keys = [wire.decode_doc_entry(row) for row in page.rows]
            _check_page(keys, page.remaining, question, after)
            return Rows(keys, page.rows, page.remaining, read_at)

        return self._session.get(path, _page_headers(question.page_size), read)


class _Window:
    """How many DocEntry numbers to ask for at once: as many as fill a page, gaps included."""

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._factor = 1

    def cut(self, after: int, highest: int) -> Iterator[tuple[int, int]]:
        while after < highest:
            upto = min(after + self._page_size * self._factor, highest)
            yield after, upto
            after = upto

    def learn(self, width: int, found: int) -> None:
        if found * 2 < self._page_size and width >= self._page_size * self._factor:
            self._factor = min(self._factor * 2, WIDEST_WINDOW)
        elif found > self._page_size:
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


def _ranges(pages: Iterable[Rows], low: int, high: int | None) -> Iterator[Batch]:
    """Each page covers the range up to its last key, the last one up to the end of the range.

    Without `high` the last page covers everything above, though no numbers are in use there yet.
    """
    for page in pages:
        end = page.keys[-1] if page.keys else low
        if not page.is_last:
            coverage = RangeCoverage(low, end, end)
        else:
            coverage = RangeCoverage(low, high or HIGHEST_ENTRY, high or end)
        yield Batch(tuple(_documents(page)), coverage)
        low = end


def _documents(page: Rows) -> Iterator[Document]:
    for key, row in zip(page.keys, page.rows, strict=True):
        yield Document(key, memoryview(row), page.read_at)


def _light_row(doc_entry: int, row: msgspec.Raw, *, with_anchor: bool = False) -> LightRow:
    anchor = wire.decode_anchor(row) if with_anchor else None
    try:
        light = wire.decode_light(row)
    except (ValueError, RecursionError):
        return LightRow(doc_entry, document_hash(memoryview(row)), None, anchor)
    return LightRow(doc_entry, light_hash(light), light, anchor)


def _is_changed(row: LightRow, since: date, above: int) -> bool:
    if row.light is None:
        return True
    stamp = row.light.update_date
    return row.doc_entry > above or (stamp is not None and stamp >= since)


def _ascending_people(rows: list[msgspec.Raw], after: int) -> list[SalesPerson]:
    people = [wire.decode_sales_person(row) for row in rows]
    for person in people:
        if person.sales_employee_code <= after:
            raise BadAnswer("SAP's sales people are out of order")
        after = person.sales_employee_code
    return people


def _path(entity: str, *options: str) -> str:
    return f"/{entity}?" + "&".join(options)


def _filter(condition: str) -> str:
    return "$filter=" + quote(condition, safe="'(),-")


def _page_headers(page_size: int) -> dict[str, str]:
    """Both of the ways to ask for a page's size; SAP's own default is 20 rows."""
    return {"Prefer": f"odata.maxpagesize={page_size}", "B1S-PageSize": str(page_size)}
