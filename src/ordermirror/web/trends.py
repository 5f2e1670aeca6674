"""The last 30 days of a company's runs, day by day: how long they took, and how much they found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from django.db.models import Avg, Count, F, IntegerField, Max, Sum, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ordermirror.core.diff import Fate
from ordermirror.last_runs import Outcome
from ordermirror.models import SyncRun
from ordermirror.web import charts, formats
from ordermirror.web.charts import Bar

DAYS = 30
NEWS = (Fate.CREATED, Fate.CHANGED, Fate.CLOSED, Fate.CANCELLED, Fate.REOPENED)


class Day(NamedTuple):
    """Its complete refreshes, first loads left out, as ready text."""

    day: str
    runs: str
    average: str
    longest: str
    changed: str


class Trends(NamedTuple):
    days: tuple[Day, ...]
    """Those with runs, newest first."""
    duration: SafeString
    changes: SafeString
    slowest: str
    busiest: str
    begin: str
    end: str


class _Figures(NamedTuple):
    day: date
    runs: int = 0
    average: float | None = None
    longest: float | None = None
    changed: int = 0


def read_trends(company_id: int, *, today: date) -> Trends:
    """One statement, in which each day is a range of the index of outcomes."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    parts = [_of_day(company_id, number, day) for number, day in enumerate(days)]
    found = {row["number"]: row for row in parts[0].union(*parts[1:], all=True)}
    figures = [_figures(day, found.get(number)) for number, day in enumerate(days)]
    slowest = max((it.average or 0 for it in figures), default=0)
    busiest = max(it.changed for it in figures)
    return Trends(
        days=tuple(_as_text(it) for it in reversed(figures) if it.runs),
        duration=charts.trend(
            list(_bars(figures, "average")), label=_("Average duration of a refresh, by day")
        ),
        changes=charts.trend(
            list(_bars(figures, "changed")), label=_("Orders that changed, by day")
        ),
        slowest=formats.length(slowest),
        busiest=f"{busiest:,}",
        begin=days[0].isoformat(),
        end=days[-1].isoformat(),
    )


def _of_day(company_id: int, number: int, day: date) -> Any:
    begin, end = _midnight(day), _midnight(day + timedelta(days=1))
    runs = SyncRun.objects.order_by().filter(
        company=company_id, outcome=Outcome.COMPLETE, first_load=False,
        started_at__gte=begin, started_at__lt=end,
    )  # fmt: skip
    return runs.values(number=Value(number, IntegerField())).annotate(
        runs=Count("pk"), average=Avg("seconds"), longest=Max("seconds"), changed=Sum(_news())
    )


def _news() -> Any:
    counts: list[Any] = [
        Coalesce(Cast(KeyTextTransform(fate.value, F("orders")), IntegerField()), 0)
        for fate in NEWS
    ]
    return reduce(add, counts)


def _midnight(day: date) -> datetime:
    """Of the zone that pages are shown in."""
    zone = timezone.get_current_timezone()
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _figures(day: date, row: dict[str, Any] | None) -> _Figures:
    if row is None:
        return _Figures(day)
    return _Figures(day, row["runs"], row["average"], row["longest"], row["changed"] or 0)


def _bars(figures: list[_Figures], field: str) -> Iterator[Bar]:
    for it in figures:
        text = _as_text(it)
        told = text.average if field == "average" else _("%s changed") % text.changed
        yield Bar(getattr(it, field) if it.runs else None, f"{text.day}: {told}")


def _as_text(it: _Figures) -> Day:
    return Day(
        day=it.day.isoformat(),
        runs=f"{it.runs:,}",
        average=formats.length(it.average),
        longest=formats.length(it.longest),
        changed=f"{it.changed:,}",
    )
