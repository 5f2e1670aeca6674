"""What is told of a run while it is under way; pages ask for it again every few seconds."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from ordermirror.last_runs import LastRuns
from ordermirror.models import SyncRun
from ordermirror.web import formats


class Live(NamedTuple):
    """`done` and `total` are of a first load, for a bar."""

    run: int
    text: str
    done: int | None
    total: int | None


def live_of(runs: LastRuns, *, now: datetime) -> Live | None:
    if runs.running_id is None or runs.running_since is None:
        return None
    return _live(
        runs.running_id, runs.running_since, runs.running_done, runs.running_total, now=now
    )


def live_of_run(run: SyncRun, *, now: datetime) -> Live | None:
    """None when it is over."""
    if run.outcome != SyncRun.Outcome.RUNNING:
        return None
    return _live(run.pk, run.started_at, run.done, run.total, now=now)


def _live(run: int, since: datetime, done: int | None, total: int | None, *, now: datetime) -> Live:
    took = formats.length(max((now - since).total_seconds(), 0))
    return Live(run, f"{_progress(done, total)} {_('for %s') % took}", done, total)


def _progress(done: int | None, total: int | None) -> str:
    if done is None:
        return _("Under way")
    if not total:
        return _("First load: %s orders so far,") % f"{done:,}"
    # SAP may have counted before some were added.
    told = {"done": f"{done:,}", "total": f"{max(total, done):,}"}
    return _("First load: %(done)s of %(total)s orders,") % told
