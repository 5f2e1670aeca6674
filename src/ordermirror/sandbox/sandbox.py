"""A pretend SAP Business One to run against: its data, its business, its faults, its address."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Signal
from threading import Thread
from typing import Any

from ordermirror.sandbox.business import Business, Event
from ordermirror.sandbox.company import Company, Key, Row, copy_of
from ordermirror.sandbox.control import Control
from ordermirror.sandbox.faults import Faults
from ordermirror.sandbox.gateway import PATH as GATEWAY_PATH
from ordermirror.sandbox.gateway import Gateway
from ordermirror.sandbox.generate import fill
from ordermirror.sandbox.http import Answer, LoggedRequest, Request
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.render import plain
from ordermirror.sandbox.server import Address, Server, Wire
from ordermirror.sandbox.service_layer import ServiceLayer
from ordermirror.sandbox.sessions import Sessions
from ordermirror.sandbox.tls import certify

_LOGGED_REQUESTS = 100_000


class Sandbox:
    """One company database, the Service Layer and a gateway in front of it.

    Thread-safe: business may go on while clients read.
    """

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options or SandboxOptions()
        self.faults = Faults()
        self.requests: deque[LoggedRequest] = deque(maxlen=_LOGGED_REQUESTS)
        self.company = Company(today=self.options.today)
        fill(self.company, self.options)
        self._business = Business(self.company, self.options)
        self._sessions = Sessions(
            minutes=self.options.session_minutes,
            limit=self.options.max_sessions,
            seed=self.options.seed,
            clock=clock,
        )
        self._service_layer = ServiceLayer(
            self.company, self.options, self._sessions, self.faults, self._business
        )
        orders = self._service_layer.entity_sets["Orders"].renderer
        self._gateway = Gateway(self.company, self.options, orders, self.faults)
        self._control = Control(
            self.company, self._service_layer, self.business, lambda: len(self._sessions)
        )
        self._delay = delay_of(self.options.latency)

    @property
    def logins(self) -> int:
        return self._service_layer.logins

    @property
    def open_sessions(self) -> int:
        return len(self._sessions)

    def expire_sessions(self) -> None:
        self._sessions.expire()

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Address]:
        """Serve from a background thread; 0 lets the system choose a free port."""
        with TemporaryDirectory(prefix="ordermirror-sandbox-") as folder:
            tls, ca_file = certify(Path(folder)) if self.options.tls else (None, None)
            server = Server(port, self.respond, self._wire(), tls)
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield Address(port=server.server_port, scheme=server.scheme, ca_file=ca_file)
            finally:
                server.stop()
                thread.join()

    def respond(self, request: Request) -> Answer:
        if request.path.startswith("/sandbox/"):
            return self._control.answer(request)
        if request.path == GATEWAY_PATH:
            return self._gateway.answer(request)
        return self._service_layer.answer(request)

    def business(self, events: int = 20) -> list[Event]:
        """Let so many things happen at the company. The same seed gives the same events."""
        with self.company.lock:
            return self._business.run(events)

    @contextmanager
    def run_business(self, rate_per_minute: float) -> Iterator[None]:
        """Keep business going in the background, in real time."""
        stop = Signal()

        def work() -> None:
            while not stop.wait(60 / rate_per_minute):
                self.business(events=1)

        thread = Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def advance(self, by: timedelta) -> None:
        """Move SAP's clock."""
        with self.company.lock:
            self.company.advance(by)

    def orders(self) -> list[Row]:
        """Copies of all order documents, ascending by DocEntry."""
        return self.rows("Orders")

    def order(self, doc_entry: int) -> Row:
        with self.company.lock:
            return copy_of(self.company.orders[doc_entry])

    def rows(self, entity_set: str) -> list[Row]:
        with self.company.lock:
            return [copy_of(row) for row in self.company.tables[entity_set]]

    def edit(self, doc_entry: int, **fields: Any) -> Row:
        """Change an order as a person would; UpdateDate moves if edits move it.

        Amounts stay as given: nothing is reckoned anew.
        """
        with self.company.lock:
            return copy_of(
                self._business.edit(doc_entry, {name: plain(fields[name]) for name in fields})
            )

    def close_line(self, doc_entry: int, line_num: int) -> None:
        """Close one open line of an order by hand."""
        with self.company.lock:
            self._business.close_line(self.company.orders[doc_entry], line_num)

    def edit_row(self, entity_set: str, key: Key, **fields: Any) -> None:
        """Change a row of master data, or of any other table; it is stamped if it has stamps."""
        with self.company.lock:
            row = self.company.tables[entity_set][key]
            row.update(plain(fields))
            if "UpdateDate" in row:
                self.company.stamp(row)
            self.company.tables[entity_set].touch(key)

    def put_raw(self, doc_entry: int, **raw: Any) -> None:
        """Make an order show odd values, without a stamp. DELETE leaves a property out.

        From then on business passes the order by; `edit` still changes it.
        """
        with self.company.lock:
            self.company.odd.add(doc_entry)
            self.company.orders[doc_entry].update({name: plain(raw[name]) for name in raw})
            self.company.orders.touch(doc_entry)

    def remove(self, doc_entry: int) -> None:
        """Let an order vanish, as after a restored backup."""
        with self.company.lock:
            self.company.orders.remove(doc_entry)
            self.company.closed_by_hand.discard(doc_entry)

    def _wire(self) -> Wire:
        return Wire(
            compress=self.options.compress,
            keep_alive_seconds=self.options.keep_alive_seconds,
            delay=lambda answer: self._delay(answer) + answer.delay_seconds,
            log=self.requests.append,
        )


def delay_of(latency: str) -> Callable[[Answer], float]:
    """Seconds an answer takes. "sap" is what a middling site takes for it."""
    if latency == "none":
        return lambda answer: 0.0
    if latency == "sap":
        return lambda answer: 0.150 + 0.008 * answer.whole_documents + 0.0001 * answer.light_rows
    try:
        seconds = float(latency) / 1000
    except ValueError as exc:
        raise ValueError(f'latency is "none", "sap" or milliseconds, not {latency!r}') from exc
    return lambda answer: seconds
