"""Celery's tasks: a door. Each is one call of what the embedded scheduler calls, too.

A tick starts what is due. Messages may come twice, late or never: whether a refresh is still due is
asked again when it begins, one run at a time holds the company's lease, and the next tick sends
anew what was lost.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from celery import shared_task

from ordermirror import background, companies
from ordermirror.sap.service_layer import utc_now

TICK = timedelta(seconds=5)
LONGEST = timedelta(minutes=20)
"""After this a run ends with its batch, and the next one goes on; a first load takes several."""
KILLED_AFTER = timedelta(minutes=25)
"""Less than the half hour after which RabbitMQ gives up a worker that has not acknowledged."""

SCHEDULE: dict[str, dict[str, Any]] = {
    name: {
        "task": f"ordermirror.{name}",
        "schedule": every,
        "options": {"expires": every.total_seconds()},
    }
    for name, every in (("tick", TICK), ("look", background.LOOK_EVERY))
}
"""What the beat sends; a message that waits longer than until the next one is let go."""


@shared_task(name="ordermirror.tick")  # type: ignore[untyped-decorator] # Celery has no types
def tick() -> None:
    for company in companies.due_now(now=utc_now()):
        refresh.apply_async((company.pk,), expires=TICK.total_seconds())


@shared_task(name="ordermirror.look")  # type: ignore[untyped-decorator] # Celery has no types
def look() -> None:
    background.look()


@shared_task(name="ordermirror.refresh")  # type: ignore[untyped-decorator] # Celery has no types
def refresh(company_id: int) -> None:
    begun = time.monotonic()
    background.refresh_if_due(
        company_id, stopping=lambda: time.monotonic() - begun > LONGEST.total_seconds()
    )
