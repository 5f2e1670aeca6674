"""A run against a source that only answers whole sets of orders: the open ones, those of a day.

Each document of a set is applied as it comes, since it is true by itself. What a set lacks is told
only once it is proven whole, and then the order is read by its number: absence closes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from ordermirror import probes, reconciliation
from ordermirror.core import plan
from ordermirror.core.fetched import Batch, Document, PartCoverage
from ordermirror.core.fingerprint import document_hash
from ordermirror.core.reconcile import Lights
from ordermirror.models import Probe
from ordermirror.run import Look, Run
from ordermirror.sap.source import SetSource
from ordermirror.store import lights, master_data, pending, quarantine, reads
from ordermirror.store.pending import Found

DOCUMENTS_A_BATCH = 200
"""One transaction for so many, since a gateway's pages are small."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Loading:
    """How a load applies documents. `remember_new`: orders seen for the first time are news;
    `may_replace`: a number may stand for another order, as decided."""

    remember_new: bool
    may_replace: bool
    progress: Progress


def ask(run: Run, source: SetSource, *, full: bool, progress: Progress) -> bool:
    """Read the sets; False when SAP did not show that it is still the company that is mirrored."""
    position = run.positions.first_load()
    if position and not probes.check_identity(run, position):
        return False
    if full or position is None or not position.complete:
        _load(run, source, begin=position is None or position.complete, progress=progress)
    else:
        _refresh(run, source)
    _take_names(run, source)
    return True


def _load(run: Run, source: SetSource, *, begin: bool, progress: Progress) -> None:
    """The open orders, those of the last days, and all that are stored: each is read now."""
    run.report.first_load = True
    positions = run.positions
    refreshed = positions.completed_at(Probe.OPEN) is not None
    loaded_before = positions.first_load()
    anew = not refreshed and not (loaded_before and loaded_before.complete)
    loading = Loading(remember_new=refreshed, may_replace=anew, progress=progress)
    if begin:
        with run.lease.transaction():
            positions.start_first_load(newest_stamp=None)
            run.note_progress(0, None)
    still_open = _read_open(run, source, loading)
    recent = _read_recent(run, source, run.plan.first_days, loading)
    whole = still_open is not None and recent is not None
    if whole and _read_the_others(run, source, loading):
        with run.lease.transaction():
            positions.complete_first_load(max(run.report.seen, default=0), now=run.clock())


def _read_the_others(run: Run, source: SetSource, loading: Loading) -> bool:
    """Stored orders that are in none of the sets, by their numbers."""
    others = sorted(reads.all_entries(run.company_id) - run.report.seen)
    found = dict.fromkeys(others, Found(Probe.ABSENT))
    with run.lease.transaction():
        pending.add(run.company_id, found, now=run.clock())
    if not others:
        return True
    with run.asking(Probe.BY_KEY) as asked:
        for batch in source.by_number(reads.numbers(run.company_id, others)):
            run.apply(
                batch,
                found_by=dict.fromkeys(others, Probe.ABSENT),
                first_load=True,
                remember_new=loading.remember_new,
                may_replace=loading.may_replace,
            )
            asked.rows += len(batch.documents)
    return asked.complete


def load_day(run: Run, source: SetSource, day: date) -> int:
    """The orders posted on a day, which are no news; returns how many came."""
    loading = Loading(remember_new=False, may_replace=False, progress=lambda done, total: None)
    rows = 0
    for documents in _in_batches(source.posted_on(day), _Shown()):
        _apply(run, Probe.BACKFILL, documents, loading)
        rows += len(documents)
    return rows


def _refresh(run: Run, source: SetSource) -> None:
    """Then what is owed is found: orders that left the open set, and those due by time."""
    reconciliation.begin(run)
    still_open = _read_open(run, source, None)
    recent = _read_recent(run, source, run.plan.recent_days, None)
    now = run.clock()
    findings = probes.Findings()
    # The other open orders have just been read.
    missing = reads.count_missing(run.company_id, is_open=True)
    probes.due_by_time(run, findings, open_orders=missing)
    if still_open is not None:
        absent = lights.open_hashes(run.company_id).keys() - still_open - (recent or set())
        findings.found |= dict.fromkeys(absent, Found(Probe.OPEN))
        findings.movers.append(partial(run.positions.complete, Probe.OPEN, now=now))
    if recent is not None:
        findings.movers.append(partial(run.positions.complete, Probe.RECENT, now=now))
    probes.record(run, findings)


def _read_open(run: Run, source: SetSource, loading: Loading | None) -> set[int] | None:
    """A run that reconciles keeps what they show."""
    look = run.look
    if look is None:
        return _read(run, Probe.OPEN, [source.open_orders], loading)
    seen: Lights = {}
    question = partial(_seen, run, look, source.open_orders, seen)
    shown = _read(run, Probe.OPEN, [question], loading)
    if shown is not None:
        look.open_orders = {entry: seen[entry] for entry in shown & seen.keys()}
    return shown


def _seen(
    run: Run, look: Look, question: Callable[[], Iterator[Batch]], seen: Lights
) -> Iterator[Batch]:
    for page in question():
        seen |= reconciliation.lights_of(run, page.documents)
        look.numbers |= {document.doc_entry: document.doc_num for document in page.documents}
        yield page


def _read_recent(
    run: Run, source: SetSource, days: int, loading: Loading | None
) -> set[int] | None:
    """Of each day by itself, from before the last complete reading on."""
    completed = run.positions.completed_at(Probe.RECENT)
    to_read = plan.days_to_read(
        run.clock().date(), days=days, completed=completed.date() if completed else None
    )
    return _read(run, Probe.RECENT, [partial(source.posted_on, day) for day in to_read], loading)


def _read(
    run: Run,
    probe: Probe,
    questions: Sequence[Callable[[], Iterator[Batch]]],
    loading: Loading | None,
) -> set[int] | None:
    """Apply sets; returns the orders that are in them, or None when they are not proven whole."""
    shown: set[int] = set()
    with run.asking(probe) as asked:
        run.require_available()
        for question in questions:
            of_set = _Shown()
            for documents in _in_batches(question(), of_set):
                _apply(run, probe, documents, loading)
                asked.rows += len(documents)
                if loading:
                    loading.progress(len(run.report.seen), len(run.report.seen))
            shown |= of_set.entries
    return shown if asked.complete else None


@dataclass(slots=True)
class _Shown:
    """What the last reading of a set has shown so far."""

    entries: set[int] = field(default_factory=set)
    reading: int = 0

    def take(self, page: PartCoverage) -> None:
        if page.reading != self.reading:
            self.entries, self.reading = set(), page.reading
        self.entries |= page.doc_entries


def _in_batches(pages: Iterator[Batch], shown: _Shown) -> Iterator[dict[int, Document]]:
    """Several pages at once; of a document that came twice, the later read."""
    held: dict[int, Document] = {}
    for page in pages:
        assert isinstance(page.coverage, PartCoverage)  # noqa: S101 - a set's pages are
        shown.take(page.coverage)
        held |= {document.doc_entry: document for document in page.documents}
        if len(held) >= DOCUMENTS_A_BATCH:
            yield held
            held = {}
    if held:
        yield held


def _apply(run: Run, probe: Probe, documents: dict[int, Document], loading: Loading | None) -> None:
    """All but those that were refused as they are and wait for their next try."""
    hashes = {entry: document_hash(it.payload) for entry, it in documents.items()}
    waiting = quarantine.waiting(run.company_id, hashes, now=run.clock())
    run.report.seen |= waiting
    entries = sorted(documents.keys() - waiting)
    batch = Batch(tuple(documents[entry] for entry in entries), PartCoverage(frozenset(entries)))
    run.apply(
        batch,
        found_by=dict.fromkeys(entries, probe),
        of_set=True,
        first_load=loading is not None,
        remember_new=loading is None or loading.remember_new,
        may_replace=loading is not None and loading.may_replace,
        finish=partial(run.note_progress, len(run.report.seen | documents.keys()), None)
        if loading
        else None,
    )


def _take_names(run: Run, source: SetSource) -> None:
    """Of sales people and customers, as they come with orders; what is not told stays as it is."""
    people = source.sales_people()
    customers = source.customers(run.report.seen)
    if people or customers:
        with run.lease.transaction():
            run.report.rows_written += master_data.apply_sales_people(run.company_id, people)
            run.report.rows_written += master_data.apply_told(run.company_id, customers)
