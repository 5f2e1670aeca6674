"""What a run does about the scope: take up what the settings ask for, and load what it lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from itertools import islice

from ordermirror import document_sets, reaches
from ordermirror.core.chunks import in_chunks
from ordermirror.core.fetched import Batch, KeyCoverage
from ordermirror.core.scope import Reach, Scope
from ordermirror.models import Probe
from ordermirror.run import Run
from ordermirror.sap.source import SetSource
from ordermirror.store import pending, scopes
from ordermirror.store.pending import Found

logger = logging.getLogger(__name__)

NUMBERS_AT_ONCE = 20
"""One request each, where orders can be asked for by number only."""


def take_up(run: Run) -> None:
    """Before anything is asked: mirror what the source was made for.

    Orders of customers that are dropped are hidden, in one transaction with the scope; those of
    customers that are added stay hidden until they have been read again.
    """
    stored, wanted = reaches.of(run.company), run.origin.scope
    position = run.positions.first_load()
    loading = position is None or not position.complete
    reach = stored.moved(wanted, loading=loading) if position else Reach(wanted, wanted)
    if isinstance(run.origin, SetSource):
        first = run.clock().date() - timedelta(days=run.plan.first_days)
        reach = reach.of_sets(first, loading=loading)
    if reach != stored:
        with run.lease.transaction():
            _hide_dropped(run, stored.target, wanted)
            if stored.begins_anew(wanted):
                _begin_anew(run, stored.target, wanted)
            reaches.save(run.company, reach)
    run.reach = reach
    if not isinstance(run.origin, SetSource):
        run.origin.loaded = reach.loaded


def load_what_lacks(run: Run) -> None:
    """Some batches of it, in DocEntry order; the next run goes on where this one ends."""
    position = run.positions.first_load()
    if not run.reach.lacks or not (position and position.complete) or run.unavailable:
        return
    with run.asking(Probe.BACKFILL) as asked:
        left = run.plan.backfill_batches
        for batch in islice(_lacking(run), left):
            assert isinstance(batch.coverage, KeyCoverage)  # noqa: S101 - a backfill's batches are
            entries = batch.coverage.doc_entries
            run.apply(
                batch,
                found_by=dict.fromkeys(entries, Probe.BACKFILL),
                first_load=True,
                remember_new=False,
                finish=partial(_pass, run, batch, entries),
            )
            asked.rows += len(batch.documents)
            left -= 1
        for day in islice(_lacking_days(run), left):
            asked.rows += _load_day(run, day)
            left -= 1
        if left:
            _complete(run)


def _lacking(run: Run) -> Iterator[Batch]:
    """A source of sets shows what is open in each run; of the others, those that are stored."""
    got_to = run.positions.doc_entry(Probe.BACKFILL) or 0
    if not isinstance(run.origin, SetSource):
        yield from run.source.backfill(after=got_to)
        return
    hidden = scopes.hidden_of(run.company_id, run.reach.target, above=got_to)
    for entries in in_chunks(hidden, NUMBERS_AT_ONCE):
        yield from run.by_key(entries)


def _lacking_days(run: Run) -> Iterator[date]:
    """Of a source of sets, back from the last one that was loaded to where the scope begins."""
    since = run.reach.target.since
    if not isinstance(run.origin, SetSource) or since is None:
        return
    day = run.positions.day(Probe.BACKFILL) or run.clock().date() + timedelta(days=1)
    while day > since:
        day -= timedelta(days=1)
        yield day


def _load_day(run: Run, day: date) -> int:
    """A day is passed only when its set is proven whole; until then it is read again."""
    assert isinstance(run.origin, SetSource)  # noqa: S101 - others are not asked by day
    rows = document_sets.load_day(run, run.origin, day)
    with run.lease.transaction():
        run.positions.got_back_to(Probe.BACKFILL, day)
    return rows


def _pass(run: Run, batch: Batch, entries: frozenset[int]) -> None:
    """What was listed and not shown when asked for by key is owed another read."""
    missing = entries - {document.doc_entry for document in batch.documents}
    found = dict.fromkeys(missing, Found(Probe.BACKFILL))
    pending.add(run.company_id, found, now=run.clock())
    run.positions.start_at(Probe.BACKFILL, max(entries))


def _complete(run: Run) -> None:
    """Unless one of the sets, which show part of what was lacking, has not been read whole."""
    if isinstance(run.origin, SetSource) and run.report.problem:
        return
    run.reach = run.reach.completed()
    with run.lease.transaction():
        reaches.save(run.company, run.reach)


def _begin_anew(run: Run, before: Scope, wanted: Scope) -> None:
    """Days that were loaded stay so, unless orders of other customers were left out of them."""
    run.positions.start_at(Probe.BACKFILL, 0)
    if not Scope(customers=before.customers).covers(Scope(customers=wanted.customers)):
        run.positions.got_back_to(Probe.BACKFILL, None)


def _hide_dropped(run: Run, before: Scope, wanted: Scope) -> None:
    if Scope(customers=wanted.customers).covers(Scope(customers=before.customers)):
        return
    hidden = scopes.hide_all_outside(run.company_id, wanted)
    logger.info("%d orders of customers that are mirrored no longer are hidden", hidden)
