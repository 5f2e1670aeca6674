"""Master data: what orders name by code. Each kind is asked for at its own cadence.

Orders never wait for it: what SAP does not grant or can't render is told, and orders go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from ordermirror.core import plan
from ordermirror.core.plan import ChangedPosition
from ordermirror.core.report import ProbeReport
from ordermirror.models import Probe
from ordermirror.records import Customer, Item, Manufacturer, SalesPerson
from ordermirror.run import Run
from ordermirror.sap.source import MasterData, MasterPage
from ordermirror.store import master_data
from ordermirror.store.tables import hashed

ROWS_A_TRANSACTION = 5000

Move = Callable[[], None]
Row = TypeVar("Row", Item, Customer, Manufacturer, SalesPerson)
Stamped = TypeVar("Stamped", Item, Customer)
Code = TypeVar("Code", int, str)


def refresh(run: Run, due: Collection[Probe], *, anew: bool = False) -> list[Move]:
    """Ask for each kind that is due, for all of each if `anew`.

    What differs is stored at once. Of a kind whose answer is the last one to the letter nothing is
    to be stored; what moves its position is returned, for a transaction of the caller's.
    """
    source = run.master_data
    if source is None:
        return []
    moves: list[Move] = []
    if Probe.SALES_PEOPLE in due:
        _whole(
            run, Probe.SALES_PEOPLE, source.sales_people, master_data.apply_sales_people,
            optional=False,
        )  # fmt: skip
    if Probe.MANUFACTURERS in due:
        _whole(run, Probe.MANUFACTURERS, source.manufacturers, master_data.apply_manufacturers)
    if Probe.ITEMS in due:
        moves += _changed(
            run, Probe.ITEMS, lambda since: source.items(since=since),
            lambda rows: _apply_items(run, rows), anew=anew,
        )  # fmt: skip
    if Probe.CUSTOMERS in due:
        moves += _changed(
            run, Probe.CUSTOMERS, lambda since: source.customers(since=since),
            lambda rows: master_data.apply_customers(run.company_id, rows), anew=anew,
        )  # fmt: skip
    return moves


def refresh_at_once(run: Run, *, anew: bool) -> None:
    """Before the orders of a first load, whose lines then carry their manufacturers from the
    beginning."""
    moves = refresh(run, run.cadences() if anew else run.due(), anew=anew)
    if moves:
        with run.lease.transaction(), run.positions.together():
            for move in moves:
                move()


def ask_for_unknown(run: Run) -> None:
    """What orders name and SAP has not shown yet, by its code, so that it waits for no list.

    Without the list of all of a kind none is asked for: it will show them, or is not granted.
    """
    source = run.master_data
    if source is None or run.unavailable:
        return
    _ask_for_unknown_items(run, source)
    _ask_for_named(
        run, Probe.CUSTOMERS, Probe.CUSTOMERS_BY_CODE, run.named.customers,
        master_data.customers_not_stored, source.customers_by_code, master_data.apply_customers,
    )  # fmt: skip
    _ask_for_named(
        run, Probe.SALES_PEOPLE, Probe.SALES_PEOPLE_BY_CODE, run.named.sales_people,
        master_data.sales_people_not_stored, source.sales_people_by_code,
        master_data.apply_sales_people,
    )  # fmt: skip
    _ask_for_named(
        run, Probe.MANUFACTURERS, Probe.MANUFACTURERS_BY_CODE, run.named.manufacturers,
        master_data.manufacturers_not_stored, source.manufacturers_by_code,
        master_data.apply_manufacturers,
    )  # fmt: skip


def _ask_for_unknown_items(run: Run, source: MasterData) -> None:
    """Their lines follow. Those that SAP does not show are remembered, and asked for tomorrow."""
    asked_now = any(asked.probe == Probe.ITEMS for asked in run.report.probes)
    if not (run.manufacturers.found_unknown or asked_now):
        return
    if run.positions.completed_at(Probe.ITEMS) is None:
        return
    codes = master_data.to_ask_for(run.company_id, now=run.clock())

    def apply(items: Sequence[Item]) -> int:
        missing = set(codes) - {item.item_code for item in items}
        master_data.not_shown(run.company_id, missing, now=run.clock())
        return _apply_items(run, items)

    if codes:
        _by_code(run, Probe.ITEMS_BY_CODE, source.items_by_code(codes), apply)


def _ask_for_named(
    run: Run,
    listed: Probe,
    by_code: Probe,
    named: Collection[Code],
    not_stored: Callable[[int, Collection[Code]], set[Code]],
    question: Callable[[Sequence[Code]], Iterator[MasterPage[Row]]],
    apply: Callable[[int, Sequence[Row]], int],
) -> None:
    """Those that are named for the first time and not stored; SAP may not show them either."""
    named = set(named) - run.listed.get(listed, set())
    if not named or run.positions.completed_at(listed) is None:
        return
    codes = sorted(not_stored(run.company_id, named))
    if codes:
        _by_code(run, by_code, question(codes), lambda rows: apply(run.company_id, rows))


def _by_code(
    run: Run,
    probe: Probe,
    answer: Iterator[MasterPage[Row]],
    apply: Callable[[Sequence[Row]], int],
) -> None:
    with run.asking(probe, optional=True) as asked:
        rows = list(_rows(run, probe, asked, answer))
        asked.rows = len(rows)
        with run.lease.transaction():
            run.report.rows_written += apply(rows)


def _apply_items(run: Run, items: Sequence[Item]) -> int:
    applied = master_data.apply_items(run.company, items)
    run.named.made_by(applied.manufacturers)
    return applied.rows_written


def _whole(
    run: Run,
    probe: Probe,
    question: Callable[[], Iterator[MasterPage[Row]]],
    apply: Callable[[int, Sequence[Row]], int],
    *,
    optional: bool = True,
) -> None:
    """SAP does not stamp these, so all of them are asked for."""
    with run.asking(probe, optional=optional) as asked:
        rows = list(_rows(run, probe, asked, question()))
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
) -> list[Move]:
    """Those stamped since the last time, the same days again as of orders (`core.plan`)."""
    position = run.positions.stamped(probe)
    since = None if anew else plan.ask_from(position, lookback_days=run.lookback_days)
    newest: date | None = None
    held: list[Stamped] = []
    with run.asking(probe, optional=True) as asked:
        for row in _rows(run, probe, asked, question(since)):
            asked.rows += 1
            held.append(row)
            stamp = plan.believable(row.stamped, today=run.clock().date())
            newest = max(filter(None, (newest, stamp)), default=None)
            if len(held) == ROWS_A_TRANSACTION:
                with run.lease.transaction():
                    run.report.rows_written += apply(held)
                held.clear()
        moved = plan.moved(position, newest_stamp=newest, highest_entry=0, today=run.clock().date())
        answer = hashed(repr(held)) if asked.rows == len(held) and not asked.problem else None

        def move() -> None:
            run.positions.remember_answer(probe, answer)
            run.positions.save_stamped(probe, _begun(moved), now=run.clock())

        if answer is not None and not anew and run.positions.same_answer(probe, answer):
            return [move]
        with run.lease.transaction(), run.positions.together():
            run.report.rows_written += apply(held)
            move()
    return []


def _begun(position: ChangedPosition) -> ChangedPosition:
    """After the first scan its newest stamp is the watermark: all days are known from then on."""
    if position.watermark:
        return position
    return ChangedPosition(watermark=position.newest_seen, newest_seen=position.newest_seen)


def _rows(
    run: Run, probe: Probe, asked: ProbeReport, pages: Iterable[MasterPage[Row]]
) -> Iterator[Row]:
    listed = run.listed.setdefault(probe, set())
    for page in pages:
        run.go_on()
        for problem in page.unreadable:
            run.note(asked, problem)
        listed.update(row[0] for row in page.rows)  # the code of any of them
        yield from page.rows
