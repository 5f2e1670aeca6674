"""The runs of the last 24 hours as a strip, and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ordermirror.last_runs import ENDED, Outcome
from ordermirror.models import SyncRun
from ordermirror.web import charts, formats
from ordermirror.web.charts import Mark
from ordermirror.web.run_pages import outcome_badge

DAY = timedelta(days=1)
MOST_MARKS = 300
"""A run every five minutes; when there are more, a mark stands for all of five minutes."""
SLOT_SECONDS = 300
SHOWN = (*ENDED, Outcome.RUNNING)
WORST_FIRST = (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.RUNNING, Outcome.COMPLETE)


class Timeline(NamedTuple):
    picture: SafeString
    words: str


class _Run(NamedTuple):
    company: int
    started_at: datetime
    seconds: float | None
    outcome: str


def read_timelines(company_ids: Sequence[int], *, now: datetime) -> dict[int, Timeline]:
    """One statement for all of them, along the index of outcomes."""
    runs = SyncRun.objects.filter(
        company__in=company_ids, outcome__in=SHOWN, started_at__gte=now - DAY
    ).order_by("company", "started_at")
    rows = [_Run(*row) for row in runs.values_list("company", "started_at", "seconds", "outcome")]
    found = {company: list(of) for company, of in groupby(rows, key=lambda run: run.company)}
    return {company: _timeline(found.get(company, []), now) for company in company_ids}


def _timeline(runs: Sequence[_Run], now: datetime) -> Timeline:
    counted = Counter(run.outcome for run in runs)
    words = ", ".join(
        f"{counted[outcome]:,} {outcome_badge(outcome).word.lower()}"
        for outcome in SHOWN
        if counted[outcome]
    )
    words = words or _("no run")
    marks = _each(runs) if len(runs) <= MOST_MARKS else _by_slot(runs)
    label = _("Runs of the last 24 hours: %s") % words
    return Timeline(charts.strip(list(marks), now=now, label=label), words)


def _each(runs: Iterable[_Run]) -> Iterable[Mark]:
    for run in runs:
        told = f"{_clock(run.started_at)}: {outcome_badge(run.outcome).word}"
        if run.seconds is not None:
            told += f", {formats.length(run.seconds)}"
        yield Mark(run.started_at, run.seconds, run.outcome, told)


def _by_slot(runs: Iterable[_Run]) -> Iterable[Mark]:
    """The worst outcome and the longest time of each five minutes."""
    for slot, of in groupby(runs, key=lambda run: run.started_at.timestamp() // SLOT_SECONDS):
        several = list(of)
        worst = min((Outcome(run.outcome) for run in several), key=WORST_FIRST.index)
        longest = max((run.seconds or 0 for run in several), default=0)
        at = datetime.fromtimestamp(slot * SLOT_SECONDS, tz=several[0].started_at.tzinfo)
        told = _("%(clock)s: %(count)s runs, %(worst)s, at most %(longest)s") % {
            "clock": _clock(at),
            "count": len(several),
            "worst": outcome_badge(worst).word.lower(),
            "longest": formats.length(longest),
        }
        yield Mark(at, longest, worst, told)


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"
