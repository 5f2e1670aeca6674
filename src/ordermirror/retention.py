"""What grows with time and is let go: history, reads, runs, reconciliations, alerts and actions of
long ago, ended logins.

Orders, lines, what people entered and what is owed are never touched. An order that waits, or is
set aside, has one row there and holds no payload; forgetting it could lose the order.

Each batch walks along the primary key from the oldest row on and is committed by itself, so that
no writer waits long. No index is needed for it, since rows come in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models, transaction

from ordermirror import last_runs
from ordermirror.alerts.models import Alert
from ordermirror.conf import Settings
from ordermirror.core.chunks import in_chunks
from ordermirror.models import Action, OrderChange, ReadLog, Reconciliation, SyncRun

BATCH = 1000
MOST_BATCHES = 100
"""At one time beside refreshes: the rest follows after the next one."""
DAY = timedelta(days=1)


@dataclass(slots=True)
class Pruned:
    """Rows that were let go. `finished` is false when there was more than could be done at once."""

    history: int = 0
    reads: int = 0
    runs: int = 0
    reconciliations: int = 0
    alerts: int = 0
    actions: int = 0
    logins: int = 0
    finished: bool = True


class Daily:
    """Prunes when a day has passed since this process did, and goes on after a part."""

    def __init__(self) -> None:
        self._due: datetime | None = None

    def prune_if_due(
        self, settings: Settings, *, now: datetime, stopping: Callable[[], bool]
    ) -> None:
        if self._due and now < self._due:
            return
        if prune(settings, now=now, stopping=stopping, most_batches=MOST_BATCHES).finished:
            self._due = now + DAY


def prune(
    settings: Settings,
    *,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
    most_batches: int | None = None,
) -> Pruned:
    """Let go what is older than the settings say; two programs at once do no harm."""
    pruned = Pruned()
    for number, (name, batch) in enumerate(_batches(settings, now), start=1):
        setattr(pruned, name, getattr(pruned, name) + batch())
        if stopping() or number == most_batches:
            pruned.finished = False
            break
    return pruned


def prunable(settings: Settings, *, now: datetime) -> Pruned:
    """What `prune` would let go. Reads whole tables."""
    found = Pruned(logins=len(_ended_logins(now)))
    for kind in _kinds(settings, now):
        setattr(found, kind.name, _old(kind).count())
    return found


class _Kind(NamedTuple):
    """Rows whose `moment` lies before `before`, but for those `kept`."""

    name: str
    model: type[models.Model]
    moment: str
    before: datetime
    kept: models.Q
    delete: Callable[[models.QuerySet[Any]], int]


def _kinds(settings: Settings, now: datetime) -> Iterator[_Kind]:
    history, reads, runs = (
        now - timedelta(days=days)
        for days in (settings.keep_history_days, settings.keep_reads_days, settings.keep_runs_days)
    )
    nothing = models.Q(pk__in=[])
    yield _Kind("history", OrderChange, "read_to", history, nothing, _delete)
    yield _Kind("reads", ReadLog, "read_at", reads, nothing, _delete)
    yield _Kind("runs", SyncRun, "started_at", runs, _runs_kept(), _delete_runs)
    yield _Kind(
        "reconciliations", Reconciliation, "at", runs, models.Q(pk__in=_newest_results()), _delete
    )
    yield _Kind("actions", Action, "at", history, nothing, _delete)
    yield _Kind("alerts", Alert, "began_at", runs, models.Q(standing=True), _delete)


def _batches(settings: Settings, now: datetime) -> Iterator[tuple[str, Callable[[], int]]]:
    """Each lets a batch go and says how many rows that were."""
    for kind in _kinds(settings, now):
        after = 0
        while last := _last_of_batch(kind, after):
            old = _old(kind).filter(pk__gt=after, pk__lte=last)
            yield kind.name, partial(kind.delete, old)
            after = last
    logins = _ended_logins(now)
    for chunk in in_chunks(logins, BATCH):
        yield "logins", partial(_forget_logins, chunk)


def _last_of_batch(kind: _Kind, after: int) -> int | None:
    """The key up to which a batch goes; None when nothing in it is old, so nothing later is."""
    rows = kind.model._default_manager.filter(pk__gt=after).order_by("pk")
    found = list(rows.values_list("pk", kind.moment)[:BATCH])
    return found[-1][0] if any(at < kind.before for _, at in found) else None


def _old(kind: _Kind) -> models.QuerySet[Any]:
    rows = kind.model._default_manager.filter(**{f"{kind.moment}__lt": kind.before})
    return rows.exclude(kind.kept)


def _runs_kept() -> models.Q:
    """Those under way, and the newest of each outcome: they tell how old the data is."""
    outcomes = SyncRun.objects.order_by().values("company", "outcome").distinct()
    newest = [
        SyncRun.objects.filter(**pair).order_by("-started_at", "-pk").values("pk")[0]["pk"]
        for pair in outcomes
    ]
    return models.Q(pk__in=newest) | models.Q(outcome=last_runs.Outcome.RUNNING)


def _newest_results() -> list[int]:
    """Of each company: what its page shows, however old."""
    newest = Reconciliation.objects.order_by().values("company").annotate(it=models.Max("pk"))
    return list(newest.values_list("it", flat=True))


def _delete(rows: models.QuerySet[Any]) -> int:
    return rows.delete()[0]


def _delete_runs(rows: models.QuerySet[SyncRun]) -> int:
    """What tells of them stays. By hand: Django would look through every order that was read, which
    names its run by number alone."""
    with transaction.atomic():
        keys = list(rows.values_list("pk", flat=True))
        OrderChange.objects.filter(run__in=keys).update(run=None)
        ReadLog.objects.filter(run__in=keys).update(run=None)
        return SyncRun.objects.filter(pk__in=keys)._raw_delete(connection.alias) or 0


def _ended_logins(now: datetime) -> list[str]:
    """Keys of sessions; a project that this is installed in may keep them elsewhere."""
    if not apps.is_installed("django.contrib.sessions"):
        return []
    sessions = apps.get_model("sessions", "Session")._default_manager
    return list(sessions.filter(expire_date__lt=now).values_list("pk", flat=True))


def _forget_logins(keys: Sequence[str]) -> int:
    return _delete(apps.get_model("sessions", "Session")._default_manager.filter(pk__in=keys))
