"""Where the time goes."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ordermirror import phases
from ordermirror.phases import Phase, during, measured


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""

    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    moved = Clock()
    monkeypatch.setattr(phases, "time", moved)
    return moved


def test_a_moment_belongs_to_the_innermost_phase(clock):
    with measured() as watch:
        clock.now += 1
        with during(Phase.WRITE):
            clock.now += 2
            with during(Phase.READ):
                clock.now += 4
            clock.now += 8

    assert watch.seconds[Phase.OTHER] == 1
    assert watch.seconds[Phase.WRITE] == 10
    assert watch.seconds[Phase.READ] == 4


def test_a_phase_that_fails_ends_too(clock):
    with measured() as watch:
        with suppress(ValueError), during(Phase.WRITE):
            clock.now += 1
            raise ValueError
        clock.now += 2

    assert watch.seconds[Phase.OTHER] == 2


def test_where_nothing_is_measured_nothing_happens():
    with during(Phase.WRITE):
        pass
