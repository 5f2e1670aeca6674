"""The rhythm of refreshes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ordermirror.scheduler import Scheduler, next_tick


@pytest.mark.parametrize(("now", "tick"), [(100, 160), (130, 160), (160, 220), (301, 340)])
def test_missed_ticks_are_left_out_and_the_rhythm_is_kept(now, tick):
    assert next_tick(100.0, now, 60.0) == tick


@pytest.mark.django_db
def test_an_error_does_not_end_the_rhythm(caplog):
    calls = []

    def refresh(stopping):
        calls.append(None)
        if len(calls) == 3:
            stopping.set()
        raise RuntimeError("boom")

    scheduler = Scheduler(refresh, every=timedelta(milliseconds=1))
    scheduler.start()
    scheduler._thread.join(10)

    assert len(calls) == 3
    assert caplog.text.count("a refresh failed") == 3
