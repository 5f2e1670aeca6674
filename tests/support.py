"""A sandbox, a company and the runs between them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import pytest

from ordermirror.core.report import RunReport
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.export import exported_orders
from ordermirror.models import Company, OrderLine
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.gateway import PATH as GATEWAY_PATH
from ordermirror.sap.gateway import Gateway
from ordermirror.sap.gateway_session import GatewayAccess
from ordermirror.sap.service_layer import ServiceLayer, utc_now
from ordermirror.sap.session import Access
from ordermirror.sync import run_sync
from tests import oracle
from tests.oracle import without_removed

TODAY = date(2026, 1, 5)
EVERY_EVENT = frozenset(
    {"edit", "deliver_partial", "deliver_full", "close", "cancel", "reopen", "return_"}
)
long_story = pytest.mark.one_database(
    reason="tests/acceptance/test_one_story.py plays 100 rounds on every database"
)
V1 = pytest.param(
    1, marks=pytest.mark.one_database(reason="v1 asks SAP differently and stores the same")
)


@dataclass
class Mirror:
    """A mirrored company, refreshed from a sandbox over real HTTP. Retries do not wait."""

    sandbox: Sandbox
    url: str
    company: Company
    page_size: int = 50
    light_page_size: int = 100
    parallel: int = 2
    joined_lines: bool = False
    calls_per_minute: int | None = None
    password: str = "sandbox"
    pauses: list[float] = field(default_factory=list)
    scope: Scope = EVERYTHING
    on_by_key: Callable | None = None
    """Called with each batch that was read by key, before it is applied."""

    def source(self, clock: Callable = utc_now) -> ServiceLayer:
        access = Access(
            url=self.url,
            company_db="SBODEMO",
            user="manager",
            password=self.password,
            parallel=self.parallel,
            calls_per_minute=self.calls_per_minute,
            total_seconds=20,
        )
        source = ServiceLayer(
            access,
            page_size=self.page_size,
            light_page_size=self.light_page_size,
            joined_lines=self.joined_lines,
            clock=clock,
            pause=self.pauses.append,
            scope=self.scope,
        )
        if self.on_by_key:
            source.by_key = partial(self._watched, source.by_key)
        return source

    def _watched(self, by_key, doc_entries):
        for batch in by_key(doc_entries):
            self.on_by_key(batch)
            yield batch

    def sync(self, *, clock: Callable = utc_now, **options) -> RunReport:
        source = self.source(clock)
        return run_sync(self.company, source, lookback_days=2, clock=clock, **options)

    def exported(self) -> dict[int, dict]:
        """By DocEntry; lines that SAP no longer sends left out."""
        return {order["doc_entry"]: without_removed(order) for order in self.export()}

    def export(self) -> list[dict]:
        return list(exported_orders(self.company.pk))

    def expected(self) -> dict[int, dict]:
        return {doc["DocEntry"]: oracle.expected(doc) for doc in self.sandbox.orders()}

    def business(self, events: int) -> list:
        return self.sandbox.business(events)


@dataclass
class GatewayMirror(Mirror):
    """Refreshed from the sandbox's gateway."""

    token: str = ""

    def source(self, clock: Callable = utc_now) -> Gateway:
        access = GatewayAccess(
            url=self.url, token=self.token, parallel=self.parallel, total_seconds=20
        )
        return Gateway(access, clock=clock, pause=self.pauses.append, scope=self.scope)

    def wanted(self, *, days: int, until: date = TODAY) -> dict[int, dict]:
        """What a first load must bring: open orders, and those posted on the last days."""
        posted = {str(until - timedelta(days=back)) for back in range(days + 1)}
        return {
            entry: order
            for entry, order in self.expected().items()
            if order["document_status"] == "open" or order["doc_date"] in posted
        }


def lines_agree(mirror) -> bool:
    """Whether each line carries the manufacturer that its item has at SAP."""
    items = mirror.sandbox.company.tables["Items"]
    lines = OrderLine.objects.values_list("item_code", "manufacturer_code")
    assert lines
    return all(made == (items[code]["Manufacturer"] if code else None) for code, made in lines)


def answers(mirror, change):
    """Every answer of the source passes through `change(url, answer)`."""
    make = mirror.source

    def source(*args):
        made = make(*args)
        transport = made._session._transport
        send = transport.send
        transport.send = lambda method, url, *rest: change(url, send(method, url, *rest))
        return made

    mirror.source = source


@contextmanager
def mirrored(*, version: int = 2, **options):
    """A sandbox of 120 orders, unless told otherwise, and an empty mirror of it."""
    chosen = {"orders": 120, "seed": 7, "today": TODAY, "bump_on": EVERY_EVENT} | options
    sandbox = Sandbox(SandboxOptions(**chosen))
    company, _ = Company.objects.get_or_create(company_db="SBODEMO")
    with sandbox.serving() as address:
        yield Mirror(sandbox, address.url(version), company)


@contextmanager
def gateway_mirrored(**options):
    """The same through a gateway."""
    with mirrored(**options) as direct:
        url = f"{direct.url.partition('/b1s/')[0]}{GATEWAY_PATH}"
        yield GatewayMirror(direct.sandbox, url, direct.company)
