"""Celery's tasks: a door. Each is one call of what the embedded scheduler calls, too.

A tick starts what is due. Messages may come twice, late or never: whether a refresh is still due is
asked again when it begins, one run at a time holds the company's lease, and the next tick sends
anew what was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.schedules import crontab
from django.conf import settings

from ordermirror import background, companies, retention
from ordermirror.sap.service_layer import utc_now

TICK = timedelta(seconds=5)
LONGEST = timedelta(minutes=20)
"""After this a run ends with its batch, and the next one goes on; a first load takes several."""
KILLED_AFTER = timedelta(minutes=25)
"""Less than the half hour after which RabbitMQ gives up a worker that has not acknowledged."""

NIGHT = crontab(hour=3, minute=10)
"""By the clock, in UTC: a day that is counted from when the beat began may never pass."""


def _sent(name: str, schedule: timedelta | crontab, *, expires: timedelta) -> dict[str, Any]:
    return {
        "task": f"ordermirror.{name}",
        "schedule": schedule,
        "options": {"expires": expires.total_seconds()},
    }


SCHEDULE = {
    "tick": _sent("tick", TICK, expires=TICK),
    "look": _sent("look", background.LOOK_EVERY, expires=background.LOOK_EVERY),
    "prune": _sent("prune", NIGHT, expires=timedelta(hours=12)),
}
"""What the beat sends; what no worker takes before it expires is let go."""


@shared_task(name="ordermirror.tick")  # type: ignore[untyped-decorator] # Celery has no types
def tick() -> None:
    for company in companies.due_now(now=utc_now()):
        refresh.apply_async((company.pk,), expires=TICK.total_seconds())


@shared_task(name="ordermirror.refresh")  # type: ignore[untyped-decorator] # Celery has no types
def refresh(company_id: int) -> None:
    background.refresh_if_due(company_id, stopping=_long_enough())


@shared_task(name="ordermirror.look")  # type: ignore[untyped-decorator] # Celery has no types
def look() -> None:
    background.look()


@shared_task(name="ordermirror.prune")  # type: ignore[untyped-decorator] # Celery has no types
def prune() -> None:
    retention.prune(settings.ORDERMIRROR, now=utc_now(), stopping=_long_enough())


def _long_enough() -> Callable[[], bool]:
    """Whether `LONGEST` has passed since now."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun > LONGEST.total_seconds()
