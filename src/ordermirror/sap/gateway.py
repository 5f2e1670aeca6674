"""A gateway in front of SAP, which answers sets of whole orders, as a source of orders.

It can be asked by status, by posting date or by number, one value a question, and answers in
numbered pages without an order. Rows that enter or leave a set between two pages shift the others,
so a reading counts only when nothing shows that the set moved under it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import chain

import msgspec

from ordermirror.core.chunks import in_chunks
from ordermirror.core.fetched import Batch, Document, KeyCoverage, PartCoverage
from ordermirror.core.identity import Anchor
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.errors import BadAnswer, SAPError, SAPUnavailable
from ordermirror.records import OPEN, SalesPerson, ToldCustomer
from ordermirror.sap import wire
from ordermirror.sap.gateway_session import GatewayAccess, GatewaySession
from ordermirror.sap.prefetch import in_order
from ordermirror.sap.service_layer import MOST_UNREADABLE, utc_now
from ordermirror.sap.source import Traffic
from ordermirror.sap.transport import HttpTransport, Transport

MOST_READINGS = 4
"""A set that moved under so many readings is given up for this run."""
NUMBERS_A_BATCH = 20
NO_NUMBER = 0
"""No order has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An equality filter; `keeps` says whether a row satisfies it, as far as it can be read."""

    filter: dict[str, str | int]
    keeps: Callable[[wire.SetRow], bool]

    def __str__(self) -> str:
        return " and ".join(f"{name} {value}" for name, value in self.filter.items())


@dataclass(frozen=True, slots=True)
class Rows:
    """One page; `count` is of the whole set (None: not said), `read_at` when it was asked for."""

    rows: list[wire.SetRow]
    count: int | None
    read_at: datetime


class Moved(BadAnswer):
    """Rows entered or left the set between two of its pages."""


@dataclass(slots=True)
class Reading:
    """Page after page of a set, until nothing is left.

    `is_counted`: every page said how many rows the set has, and always as many.
    """

    keys: set[int] = field(default_factory=set)
    count: int | None = None
    is_counted: bool = True
    _pages: int = 0

    def take(self, page: Rows) -> None:
        """Raises Moved when the page does not fit to those before."""
        self._pages += 1
        if self._pages == 1:
            self.count = page.count
        self.is_counted &= page.count is not None
        if page.count is not None and page.count != self.count:
            raise Moved(f"it had {self.count} orders and then {page.count}")
        for row in page.rows:
            if row.doc_entry in self.keys:
                raise Moved(f"order {row.doc_entry} came twice")
            self.keys.add(row.doc_entry)
        if self.count is not None and (
            len(self.keys) > self.count or (not page.rows and len(self.keys) < self.count)
        ):
            raise Moved(f"{self.count} orders were counted and {len(self.keys)} came")

    def is_whole(self, page: Rows) -> bool:
        """Whether `page` was the last one: all that were counted are here, or it is empty."""
        return len(self.keys) == self.count or not page.rows


class Gateway:
    """Implements `ordermirror.sap.source.SetSource`."""

    def __init__(
        self,
        access: GatewayAccess,
        *,
        clock: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] = time.sleep,
        transport: Transport | None = None,
        scope: Scope = EVERYTHING,
    ) -> None:
        self.traffic = Traffic()
        self.scope = scope
        transport = transport or HttpTransport(
            ca_file=access.ca_file,
            fingerprint=access.fingerprint,
            total_seconds=access.total_seconds,
            connections=max(access.parallel, 1),
        )
        self._session = GatewaySession(access, self.traffic, transport, pause=pause)
        self._parallel = access.parallel
        self._clock = clock
        self._sales_people: dict[int, SalesPerson] = {}
        self._customers: dict[str, ToldCustomer] = {}
        self._customer_of: dict[int, str] = {}
        self._unreadable_found = 0

    def open_orders(self) -> Iterator[Batch]:
        return self._set(
            Question(
                filter={"DocumentStatus": "bost_Open"},
                keeps=lambda row: row.document_status in (OPEN, None),
            )
        )

    def posted_on(self, day: date) -> Iterator[Batch]:
        return self._set(
            Question(
                filter={"DocDate": day.isoformat()}, keeps=lambda row: row.doc_date in (day, None)
            )
        )

    def by_number(self, numbers: Mapping[int, int]) -> Iterator[Batch]:
        entries = defaultdict(set)
        for doc_entry, doc_num in numbers.items():
            entries[doc_num].add(doc_entry)
        for chunk in in_chunks(sorted(entries), NUMBERS_A_BATCH):
            tasks = (partial(self._readable, number, entries[number]) for number in chunk)
            documents = chain.from_iterable(in_order(tasks, parallel=self._parallel))
            wanted = frozenset().union(*(entries[number] for number in chunk))
            yield Batch(_ascending(documents), KeyCoverage(wanted))

    def anchors(self, numbers: Mapping[int, int]) -> dict[int, Anchor]:
        tasks = (partial(self._of_number, number) for number in sorted(set(numbers.values())))
        documents = chain.from_iterable(in_order(tasks, parallel=self._parallel))
        return {
            document.doc_entry: wire.decode_anchor(msgspec.Raw(document.payload))
            for document in documents
            if document.doc_entry in numbers
        }

    def sales_people(self) -> list[SalesPerson]:
        """Those whose names came with the orders that were read so far."""
        return [self._sales_people[code] for code in sorted(self._sales_people)]

    def customers(self, doc_entries: Collection[int]) -> list[ToldCustomer]:
        codes = {self._customer_of[entry] for entry in self._customer_of.keys() & doc_entries}
        return [self._customers[code] for code in sorted(codes)]

    def close(self) -> None:
        self._session.close()

    def _set(self, question: Question) -> Iterator[Batch]:
        """Reads anew, from the first page on, when the set moved.

        A reading that was not counted is believed when the next one shows the same orders.
        """
        before: set[int] | None = None
        doubt = "it was not counted, and each reading showed other orders"
        for nth in range(1, MOST_READINGS + 1):
            reading = Reading()
            try:
                for page in self._pages(question, reading):
                    rows = _ascending(_documents(page))
                    yield Batch(rows, PartCoverage(frozenset(row.doc_entry for row in rows), nth))
            except Moved as exc:
                before, doubt = None, str(exc)
                self.traffic.retries += 1
                self.traffic.note(f"the orders of {question} moved and were read again: {exc}")
                continue
            if reading.is_counted or reading.keys == before:
                return
            before = reading.keys
        raise BadAnswer(f"the orders of {question} moved under {MOST_READINGS} readings: {doubt}")

    def _pages(self, question: Question, reading: Reading) -> Iterator[Rows]:
        """Raises Moved when the pages do not make a set."""
        number = 1
        while True:
            page = self._page(question, number)
            reading.take(page)
            if page.rows:
                yield page
            if reading.is_whole(page):
                return
            number += 1

    def _page(self, question: Question, number: int) -> Rows:
        body: dict[str, str | int] = dict(question.filter)
        if number > 1:
            body["pageNumber"] = number
        read_at = self._clock()

        def read(content: bytes) -> Rows:
            page = wire.decode_set_page(content)
            rows = [wire.decode_set_row(row) for row in page.rows]
            for row in rows:
                if not question.keeps(row):
                    raise BadAnswer(f"SAP sent order {row.doc_entry}, which was not asked for")
            return Rows(rows, page.remaining, read_at)

        page = self._session.post(body, read)
        for row in page.rows:
            if row.sales_person:
                self._sales_people[row.sales_person.sales_employee_code] = row.sales_person
            if row.customer:
                self._customers[row.customer.card_code] = row.customer
                self._customer_of[row.doc_entry] = row.customer.card_code
        return page

    def _readable(self, number: int, wanted: Collection[int]) -> list[Document]:
        """The wanted orders of this number; one that can't be rendered must not hold up others."""
        try:
            return [it for it in self._of_number(number) if it.doc_entry in wanted]
        except (SAPUnavailable, BadAnswer) as exc:
            self._require_answers(exc)
            return [self._unreadable(doc_entry, number, exc) for doc_entry in wanted]

    def _require_answers(self, failure: SAPError) -> None:
        """Raises `failure` when an easy question is not answered either."""
        try:
            self._of_number(NO_NUMBER)
        except SAPError:
            raise failure from None

    def _unreadable(self, doc_entry: int, number: int, failure: SAPError) -> Document:
        """A few orders may be so; when there are more, something else is wrong."""
        self._unreadable_found += 1
        if self._unreadable_found > MOST_UNREADABLE:
            raise failure
        return Document(doc_entry, b"", self._clock(), unreadable=str(failure), doc_num=number)

    def _of_number(self, number: int) -> list[Document]:
        """All orders with this number, which several series may give out."""
        question = Question(
            filter={"DocNum": number}, keeps=lambda row: row.doc_num in (number, None)
        )
        for _ in range(MOST_READINGS):
            try:
                pages = self._pages(question, Reading())
                return [document for page in pages for document in _documents(page)]
            except Moved as exc:
                doubt = exc
        raise doubt


def _documents(page: Rows) -> Iterator[Document]:
    for row in page.rows:
        yield Document(row.doc_entry, memoryview(row.document), page.read_at, doc_num=row.doc_num)


def _ascending(documents: Iterable[Document]) -> tuple[Document, ...]:
    return tuple(sorted(documents, key=lambda document: document.doc_entry))
