"""How hard SAP is pressed: requests at once and a minute, and whole documents in one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ordermirror.errors import SAPUnavailable

LONGEST_WAIT_SECONDS = 60.0
"""When SAP asks for a longer pause, the run ends instead, and the next one goes on."""

TARGET_SECONDS = 10.0
"""An answer that takes longer was too much at once; the next ones are asked to be half of it."""
QUICK_SECONDS = TARGET_SECONDS / 4
"""Twice as much as what came so quickly still takes half of the target."""
FEWEST_ROWS = 20
"""What SAP itself sends in a page."""


class Turns:
    """Lets requests through, those of all threads: so many at once, evenly so many a minute.

    `calls_per_minute` of None means no such limit. `clock` tells seconds that only go forward.
    """

    def __init__(
        self,
        *,
        parallel: int,
        calls_per_minute: int | None,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._gate = threading.BoundedSemaphore(max(parallel, 1))
        self._interval = 60 / calls_per_minute if calls_per_minute else 0.0
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._next = clock()
        self._alone_until = self._next

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises SAPUnavailable when SAP asked for a longer pause than a run should make."""
        with self._gate:
            self._wait()
            yield

    def leave_alone(self, seconds: float) -> None:
        """No request of any thread goes out for so long."""
        with self._lock:
            self._alone_until = max(self._alone_until, self._clock() + seconds)

    @property
    def closed(self) -> bool:
        """Whether SAP asked to be left alone for longer than is waited for."""
        with self._lock:
            return self._alone_until - self._clock() > LONGEST_WAIT_SECONDS

    def _wait(self) -> None:
        """Looks again after each pause: another thread may have been told to wait meanwhile."""
        passed = self._clock()
        upto = self._place(passed)
        while True:
            if self.closed:
                raise SAPUnavailable("SAP asks to be left alone for more than a minute")
            with self._lock:
                upto = max(upto, self._alone_until)
            if upto <= passed:
                return
            self._pause(upto - passed)
            passed = upto

    def _place(self, now: float) -> float:
        """The moment that is this request's own."""
        with self._lock:
            place = max(now, self._next)
            self._next = place + self._interval
        return place


class PageSize:
    """How many rows to ask for at once: `most`, or fewer while they are too much.

    Keyset pages may be of any size, so a change between two pages does no harm.
    """

    def __init__(self, most: int) -> None:
        self.rows = most
        self._most = most
        self._fewest = min(FEWEST_ROWS, most)
        self._lock = threading.Lock()

    def learn(self, *, asked: int, got: int, seconds: float) -> None:
        """From an answer to a question for `asked` documents; from another size than today's, and
        from a quick page that was not full, there is nothing to learn."""
        with self._lock:
            if asked != self.rows:
                return
            if seconds > TARGET_SECONDS:
                self.rows = max(asked // 2, self._fewest)
            elif seconds < QUICK_SECONDS and got == asked:
                self.rows = min(asked * 2, self._most)

    def fewer_than(self, asked: int) -> int:
        """What to ask for when so many were too much for one answer."""
        with self._lock:
            fewer = max(asked // 2, min(asked, self._fewest))
            self.rows = max(min(self.rows, fewer), self._fewest)
        return fewer


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds for which a server asks to be left alone; None when it does not say.

    A date is compared with the server's own clock, where it tells that one.
    """
    told = headers.get("Retry-After", "").strip()
    if told.isdecimal():
        return float(told)
    until = _moment(told)
    if until is None:
        return None
    return max((until - (_moment(headers.get("Date", "")) or now)).total_seconds(), 0.0)


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
