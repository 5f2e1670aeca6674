"""What is compared: OrderMirror, its floor and the baselines, each prepared and run alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.core.management import call_command

from benchmarks import bulk_create, floor
from benchmarks.naive import before, incremental, rows, tables
from benchmarks.naive.feed import Feed
from benchmarks.naive.models import Line as NaiveLine
from benchmarks.naive.models import Order as NaiveOrder
from benchmarks.names import (
    BEFORE,
    BULK_CREATE,
    FIRST_LOAD,
    FLOOR,
    INCREMENTAL,
    KEYS_ONLY,
    PRODUCT,
    PRODUCT_TABLES,
    TUNED,
)
from ordermirror import companies, sync
from ordermirror.models import OrderLine, SalesOrder
from ordermirror.sap.source import SetSource


@dataclass(frozen=True, slots=True)
class System:
    """`prepare` makes the tables; `run` refreshes once and returns the rows of orders and lines
    that it wrote. Both are called in a process of their own; `run` is told the case and the time.
    """

    prepare: Callable[[], None]
    run: Callable[[str, datetime], int]


def product(case: str, now: datetime) -> int:
    return refreshed(now)


def refreshed(now: datetime, *, full: bool = False) -> int:
    """As `ordermirror sync` does it. Raises RuntimeError when the run is not complete."""
    [company] = companies.to_refresh()
    started = time.monotonic()
    report = sync.run_sync(
        company,
        companies.source_of(settings.ORDERMIRROR),
        lookback_days=settings.ORDERMIRROR.lookback_days,
        plan=companies.plan_of(settings.ORDERMIRROR),
        clock=lambda: now + timedelta(seconds=time.monotonic() - started),
        full=full,
    )
    if report.outcome != "complete":
        raise RuntimeError(report.problem)
    return report.rows_written


def least(insert: floor.Insert, case: str, now: datetime) -> int:
    """Of a first load with this way to write, and of a quiet run."""
    [company] = companies.to_refresh()
    source = companies.source_of(settings.ORDERMIRROR)
    assert not isinstance(source, SetSource)  # noqa: S101 - the floor is the Service Layer's
    try:
        if case == FIRST_LOAD:
            return floor.load(company, source, insert)
        return floor.stay_quiet(source)
    finally:
        source.close()


def _prepare_product() -> None:
    call_command("migrate", verbosity=0)


def _prepare_baseline(indexed: bool) -> None:
    feed = Feed(settings.ORDERMIRROR, page=before.PAGE)
    tables.prepare(feed, indexed=indexed)
    feed.close()


def _baseline(refresh: Callable[..., int], page: int, *, indexed: bool = True) -> System:
    def run(case: str, now: datetime) -> int:
        feed = Feed(settings.ORDERMIRROR, page=page)
        try:
            return refresh(feed, now.date())
        finally:
            feed.close()

    return System(partial(_prepare_baseline, indexed), run)


SYSTEMS = {
    PRODUCT: System(_prepare_product, product),
    FLOOR: System(_prepare_product, partial(least, floor.plainest)),
    BULK_CREATE: System(_prepare_product, partial(least, bulk_create.upsert)),
    KEYS_ONLY: _baseline(incremental.refresh_keys_only, incremental.PAGE),
    INCREMENTAL: _baseline(incremental.refresh, incremental.PAGE),
    TUNED: _baseline(before.refresh_tuned, before.PAGE),
    BEFORE: _baseline(before.refresh, before.PAGE, indexed=False),
}


def mirrored(name: str) -> list[int]:
    """What is there: orders, lines, open orders."""
    if name in PRODUCT_TABLES:
        lines = OrderLine.objects.filter(removed_at=None).count()
        return [SalesOrder.objects.count(), lines, SalesOrder.objects.open().count()]
    still_open = NaiveOrder.objects.filter(document_status=rows.OPEN).count()
    return [NaiveOrder.objects.count(), NaiveLine.objects.count(), still_open]
