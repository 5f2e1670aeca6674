"""Which authorities are trusted, and when they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from ordermirror.sap.certificates import authorities_context

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_the_machines_authorities_are_read_once_for_the_refreshes_of_an_hour():
    with time_machine.travel(NOON) as clock:
        first = authorities_context()
        clock.shift(timedelta(minutes=55))

        assert authorities_context() is first


def test_an_authority_that_is_added_to_the_machine_is_trusted_within_the_hour():
    with time_machine.travel(NOON) as clock:
        first = authorities_context()
        clock.shift(timedelta(hours=1))

        assert authorities_context() is not first
