"""Where a run's time goes: each moment belongs to the innermost phase under way.

Only the thread that measures is measured: while others fetch ahead, it is at something else or
waits for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Phase(StrEnum):
    """In the order in which they are told."""

    SAP = "waiting for SAP"
    DECODE = "decode"
    READ = "look up what is stored"
    COMPARE = "compare"
    WRITE = "write"
    COMMIT = "begin and commit"
    OTHER = "other"


class Stopwatch:
    """`seconds` by phase, wall time."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(Phase, 0.0)
        self._under_way = [Phase.OTHER]
        self._since = time.perf_counter()

    def begin(self, phase: Phase) -> None:
        self.lap()
        self._under_way.append(phase)

    def end(self) -> None:
        self.lap()
        self._under_way.pop()

    def lap(self) -> None:
        now = time.perf_counter()
        self.seconds[self._under_way[-1]] += now - self._since
        self._since = now


_watch: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def measured() -> Iterator[Stopwatch]:
    """Measure what this thread does; `seconds` add up to all of it at the end."""
    watch = Stopwatch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        watch.lap()
        _watch.reset(token)


class during:
    """`with during(Phase.WRITE): …`. Costs half a microsecond, nothing where none is measured."""

    __slots__ = ("_phase", "_watch")

    def __init__(self, phase: Phase) -> None:
        self._phase = phase
        self._watch = _watch.get()

    def __enter__(self) -> None:
        if self._watch:
            self._watch.begin(self._phase)

    def __exit__(self, *exc: object) -> None:
        if self._watch:
            self._watch.end()
