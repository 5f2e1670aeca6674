"""Reconciling what is mirrored with SAP, in a run in which that is due; see `core.reconcile`.

The open orders are those that the run's probe of them is shown anyway, compared one by one once
the run has applied what it found. The others are only counted, before anything else is asked and
again at the end, where a source can count. Nothing is closed or corrected here: orders that differ
become pending, and the run reads them by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ordermirror.core.fetched import Document
from ordermirror.core.reconcile import (
    Count,
    Counted,
    Lights,
    OpenOrders,
    Reason,
    Reconciliation,
    compared,
    unequal,
)
from ordermirror.errors import SAPError, SAPRefused
from ordermirror.models import Probe
from ordermirror.run import Look, Run
from ordermirror.sap import wire
from ordermirror.sap.source import SetSource
from ordermirror.store import pending, reconciliations, remembered
from ordermirror.store.pending import Found


def begin(run: Run) -> None:
    """Look at SAP with this run's questions, when it is due.

    Counted from the end of the first load on; not while a wider scope is being loaded, since SAP
    has more then.
    """
    due = run.positions.is_due(
        Probe.RECONCILIATION,
        every=run.plan.reconcile_every,
        now=run.clock(),
        begun=Probe.FIRST_LOAD,
    )
    if due and not run.reach.lacks:
        run.look = look = Look()
        look.counted = _counted(run, look)


def lights_of(run: Run, documents: Iterable[Document]) -> Lights:
    """What whole documents show as light rows do, those of other customers left out."""
    found: Lights = {}
    for document in documents:
        row = msgspec.Raw(document.payload)
        try:
            if run.origin.scope.has_customer(wire.decode_card_code(row)):
                found[document.doc_entry] = wire.decode_light(row)
        except (ValueError, RecursionError):
            found[document.doc_entry] = None
    return found


def conclude(run: Run) -> bool:
    """Compare, keep the result, and owe a read of what differs. Whether there is any such.

    Without the whole set of open orders there is nothing to compare; the next run looks again.
    """
    look = run.look
    if look is None or look.open_orders is None or run.unavailable:
        return False
    after = _counted(run, look) if look.counted else {}
    opened = _compared(run, look.open_orders)
    told = opened.on_their_way + len(opened.differences)
    counts = _counts(run, look, after, told=told)
    found = {
        it.doc_entry: Found(Probe.RECONCILIATION, doc_num=look.numbers.get(it.doc_entry))
        for it in opened.differences
        if it.reason is not Reason.SET_ASIDE
    }
    now = run.clock()
    with run.lease.transaction():
        result = Reconciliation(opened, counts, look.not_possible)
        reconciliations.save(run.company_id, run.report.run, result, now=now)
        pending.add(run.company_id, found, now=now)
        remembered.doubt(run.company_id, found)
        run.positions.complete(Probe.RECONCILIATION, now=now)
    return bool(found)


def _counted(run: Run, look: Look) -> dict[Counted, int]:
    """Empty where SAP can't count: that is told, and fails neither this probe nor the run.

    A refused login does, as it always does: another one might lock the user.
    """
    if isinstance(run.origin, SetSource):
        return {}
    with run.asking(Probe.RECONCILIATION) as asked:
        try:
            counted = {kind: run.source.count(kind) for kind in Counted}
            asked.rows = len(counted)
            return counted
        except SAPError as exc:
            if isinstance(exc, SAPRefused) and not run.origin.traffic.logins:
                raise
            look.not_possible = str(exc)
            run.note(asked, f"counting is not possible: {exc}")
    return {}


def _compared(run: Run, at_sap: Lights) -> OpenOrders:
    """What this run has read whole, it has read after that."""
    here = reconciliations.open_lights(run.company_id)
    differing = unequal(at_sap, here)
    standings = reconciliations.standings(run.company_id, differing, run_id=run.report.run)
    return compared(at_sap, here, standings)


def _counts(
    run: Run, look: Look, after: Mapping[Counted, int], *, told: int
) -> dict[Counted, Count]:
    """Orders that are `told` by themselves may have any status, and are not told once more."""
    if not after:
        return {}
    here = reconciliations.count(run.company_id, since=run.origin.scope.since)
    unsettled = reconciliations.count_unsettled(run.company_id) + told
    return {kind: Count(look.counted[kind], after[kind], here[kind], unsettled) for kind in Counted}
