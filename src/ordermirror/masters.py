"""Master data: what orders name by code. Each kind is asked for at its own cadence.

Orders never wait for it: what SAP does not grant or can't render is told, and orders go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from ordermirror.core import plan
from ordermirror.core.plan import ChangedPosition
from ordermirror.core.report import ProbeReport
from ordermirror.models import Probe
from ordermirror.records import Customer, Item
from ordermirror.run import Run
from ordermirror.sap.source import MasterPage
from ordermirror.store import master_data

ROWS_A_TRANSACTION = 5000

T = TypeVar("T")
Stamped = TypeVar("Stamped", Item, Customer)


def refresh(run: Run, *, anew: bool = False) -> None:
    """Ask for each kind that is due, or for all of each (`anew`).

    Items come before the orders of a first load, whose lines then carry their manufacturers from
    the beginning.
    """
    source = run.master_data
    if source is None:
        return

    def is_due(probe: Probe, every: timedelta) -> bool:
        return anew or run.positions.is_due(probe, every=every, now=run.clock())

    if is_due(Probe.SALES_PEOPLE, run.plan.sales_people_every):
        _whole(
            run, Probe.SALES_PEOPLE, source.sales_people, master_data.apply_sales_people,
            optional=False,
        )  # fmt: skip
    if is_due(Probe.MANUFACTURERS, run.plan.manufacturers_every):
        _whole(run, Probe.MANUFACTURERS, source.manufacturers, master_data.apply_manufacturers)
    if is_due(Probe.ITEMS, run.plan.items_every):
        _changed(
            run, Probe.ITEMS, lambda since: source.items(since=since),
            lambda rows: master_data.apply_items(run.company, rows), anew=anew,
        )  # fmt: skip
    if is_due(Probe.CUSTOMERS, run.plan.customers_every):
        _changed(
            run, Probe.CUSTOMERS, lambda since: source.customers(since=since),
            lambda rows: master_data.apply_customers(run.company_id, rows), anew=anew,
        )  # fmt: skip


def ask_for_unknown_items(run: Run) -> None:
    """Items that orders name and SAP has not shown yet; their lines follow.

    Without the list of all items none is asked for: it will show them, or is not granted.
    """
    source = run.master_data
    asked_now = any(asked.probe == Probe.ITEMS for asked in run.report.probes)
    if source is None or run.unavailable or not (run.manufacturers.found_unknown or asked_now):
        return
    if run.positions.completed_at(Probe.ITEMS) is None:
        return
    codes = master_data.to_ask_for(run.company_id, now=run.clock())
    if not codes:
        return
    with run.asking(Probe.ITEMS_BY_CODE, optional=True) as asked:
        items = list(_rows(run, asked, source.items_by_code(codes)))
        asked.rows = len(items)
        missing = set(codes) - {item.item_code for item in items}
        with run.lease.transaction():
            run.report.rows_written += master_data.apply_items(run.company, items)
            master_data.not_shown(run.company_id, missing, now=run.clock())


def _whole(
    run: Run,
    probe: Probe,
    question: Callable[[], Iterator[MasterPage[T]]],
    apply: Callable[[int, Sequence[T]], int],
    *,
    optional: bool = True,
) -> None:
    """SAP does not stamp these, so all of them are asked for."""
    with run.asking(probe, optional=optional) as asked:
        rows = list(_rows(run, asked, question()))
        asked.rows = len(rows)
        with run.lease.transaction():
            run.report.rows_written += apply(run.company_id, rows)
            run.positions.complete(probe, now=run.clock())


def _changed(
    run: Run,
    probe: Probe,
    question: Callable[[date | None], Iterator[MasterPage[Stamped]]],
    apply: Callable[[Sequence[Stamped]], int],
    *,
    anew: bool,
) -> None:
    """Those stamped since the last time, the same days again as of orders (`core.plan`)."""
    position = run.positions.stamped(probe)
    since = None if anew else plan.ask_from(position, lookback_days=run.lookback_days)
    newest: date | None = None
    held: list[Stamped] = []
    with run.asking(probe, optional=True) as asked:
        for row in _rows(run, asked, question(since)):
            asked.rows += 1
            held.append(row)
            stamp = plan.believable(row.stamped, today=run.clock().date())
            newest = max(filter(None, (newest, stamp)), default=None)
            if len(held) == ROWS_A_TRANSACTION:
                with run.lease.transaction():
                    run.report.rows_written += apply(held)
                held.clear()
        moved = plan.moved(position, newest_stamp=newest, highest_entry=0, today=run.clock().date())
        with run.lease.transaction():
            run.report.rows_written += apply(held)
            run.positions.save_stamped(probe, _begun(moved), now=run.clock())


def _begun(position: ChangedPosition) -> ChangedPosition:
    """After the first scan its newest stamp is the watermark: all days are known from then on."""
    if position.watermark:
        return position
    return ChangedPosition(watermark=position.newest_seen, newest_seen=position.newest_seen)


def _rows(run: Run, asked: ProbeReport, pages: Iterable[MasterPage[T]]) -> Iterator[T]:
    for page in pages:
        run.go_on()
        for problem in page.unreadable:
            run.note(asked, problem)
        yield from page.rows
