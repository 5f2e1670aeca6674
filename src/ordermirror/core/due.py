"""When a refresh is due: one rhythm for the embedded scheduler and for Celery's tick. Pure.

Time is cut into slots of `every`, counted from `since`. A refresh is due once in each slot, unless
one was still under way in it: a tick that was missed is left out, not queued.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def due_at(
    active_at: datetime | None, *, now: datetime, since: datetime, every: timedelta
) -> datetime:
    """When the next refresh is due, or has been since.

    `active_at`: when the newest run ended, or began if it has not ended; None: there is none. A
    moment to come is of a clock that was put back, and tells nothing.
    """
    if active_at is None or active_at > now:
        return min(since, now)
    return since + every * ((active_at - since) // every + 1)
