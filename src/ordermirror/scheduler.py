"""The embedded scheduler: refresh every so often in a thread, no broker needed."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection

from ordermirror.outage import trouble

logger = logging.getLogger(__name__)


class Scheduler:
    """Calls `refresh` at once and then every `every`, counted from start to start.

    A tick that falls into a refresh still under way is left out, not queued. An error is logged
    and the next tick comes all the same.
    """

    def __init__(self, refresh: Callable[[threading.Event], None], *, every: timedelta) -> None:
        self._refresh = refresh
        self._every = every.total_seconds()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, patience: timedelta) -> None:
        """Ask a refresh under way to end after its batch, and wait for it that long at most."""
        self._stopping.set()
        self._thread.join(patience.total_seconds())

    def _work(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(due - time.monotonic(), 0)):
            self._refresh_once()
            due = next_tick(due, time.monotonic(), self._every)

    def _refresh_once(self) -> None:
        """Each refresh has a connection of its own: the database may restart between two."""
        try:
            self._refresh(self._stopping)
        except Exception as exc:
            # The one thing a scheduler must not do is stop; the run has recorded its failure.
            told = trouble(exc)
            if told is None:
                logger.exception("a refresh failed")
            else:
                logger.error("a refresh failed: %s", told)
        finally:
            _disconnect()


def _disconnect() -> None:
    """A connection whose server is gone may fail to close; Django forgets it all the same."""
    with contextlib.suppress(DatabaseError, InterfaceError):
        connection.close()


def next_tick(due: float, now: float, every: float) -> float:
    """The first tick after `now` on the rhythm that began at `due`."""
    return due + every * (int((now - due) // every) + 1)
