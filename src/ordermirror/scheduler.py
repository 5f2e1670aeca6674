"""The embedded scheduler: starts refreshes when they are due, in threads; no broker needed.

Beside it goes what is repeated by itself.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection

from ordermirror.models import Company
from ordermirror.outage import trouble

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Refreshes under way together; a first load of one company does not hold up the others."""
LOOK_AGAIN_SECONDS = 10.0
"""The longest that a company which was added or resumed is not noticed."""


class Waiting(NamedTuple):
    """A company and how many seconds its refresh is still to wait; not above 0: it is due."""

    seconds: float
    company: Company


class Scheduler:
    """Starts what is due, the one that has waited longest first, each in a thread of its own.

    `waiting` tells all companies in that order. A company whose refresh is under way is left
    alone. An error is logged and the next refresh comes all the same.
    """

    def __init__(
        self,
        waiting: Callable[[], Sequence[Waiting]],
        refresh: Callable[[Company, threading.Event], None],
    ) -> None:
        self._waiting = waiting
        self._refresh = refresh
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._running: dict[int, threading.Thread] = {}
        self._blind = False
        """Whether the last look failed, which is told once until one succeeds."""
        self._thread = threading.Thread(target=self._work, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, patience: timedelta) -> None:
        """Ask refreshes under way to end after their batch, and wait for them that long at most."""
        deadline = time.monotonic() + patience.total_seconds()
        self._stopping.set()
        self._news.set()
        self._thread.join(patience.total_seconds())
        for thread in list(self._running.values()):
            thread.join(max(0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            self._news.wait(self._start_what_is_due())

    def _start_what_is_due(self) -> float:
        """Returns after how many seconds to look again, if no refresh ends before."""
        wait, seen = LOOK_AGAIN_SECONDS, False
        with _told("a refresh failed", again=self._blind):
            wait = self._begin_those(self._waiting())
            seen = True
        self._blind = not seen
        return wait

    def _begin_those(self, waiting: Sequence[Waiting]) -> float:
        for seconds, company in waiting:
            if company.pk in self._running:
                continue
            if seconds > 0:
                return min(seconds, LOOK_AGAIN_SECONDS)
            if len(self._running) >= MOST_AT_ONCE or self._stopping.is_set():
                break
            self._begin(company)
        return LOOK_AGAIN_SECONDS

    def _begin(self, company: Company) -> None:
        name = f"refresh of {company.company_db}"
        thread = threading.Thread(
            target=self._refresh_once, args=(company,), name=name, daemon=True
        )
        self._running[company.pk] = thread
        thread.start()

    def _refresh_once(self, company: Company) -> None:
        failed = True
        with _told(f"a refresh of {company.company_db} failed"):
            self._refresh(company, self._stopping)
            failed = False
        if failed:  # it may have left no run behind that says so: not at once again
            self._stopping.wait(LOOK_AGAIN_SECONDS)
        del self._running[company.pk]
        self._news.set()


class Repeated:
    """Work that comes again after a while in a thread of its own, whatever refreshes do. An error
    is logged, once until the work succeeds."""

    def __init__(self, name: str, work: Callable[[], None], *, every: timedelta) -> None:
        self._name, self._work, self._every = name, work, every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, patience: timedelta) -> None:
        self._stopping.set()
        self._thread.join(patience.total_seconds())

    def _repeat(self) -> None:
        failed = False
        while not self._stopping.wait(self._every.total_seconds()):
            again, failed = failed, True
            with _told(f"{self._name} failed", again=again):
                self._work()
                failed = False


@contextlib.contextmanager
def _told(what: str, *, again: bool = False) -> Iterator[None]:
    """The one thing a scheduler must not do is stop; a run has recorded its failure.

    Each look and each refresh has a connection of its own: the database may restart between two.
    """
    try:
        yield
    except Exception as exc:
        told = trouble(exc)
        level = logging.DEBUG if again else logging.ERROR
        logger.log(level, "%s: %s", what, told or exc, exc_info=None if told else exc)
    finally:
        _disconnect()


def _disconnect() -> None:
    """A connection whose server is gone may fail to close; Django forgets it all the same."""
    with contextlib.suppress(DatabaseError, InterfaceError):
        connection.close()
