"""Which errors are the database's, and what a person is told then."""

from __future__ import annotations

import pytest
from django.db import DataError, InterfaceError, OperationalError

from ordermirror.outage import trouble


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_database_that_fails_is_told_in_one_line(kind):
    told = trouble(kind("server closed the connection\n\tThis probably means"))

    assert "(server closed the connection This probably means)" in told
    assert "the next run goes on" in told


@pytest.mark.parametrize("exc", [ValueError("a bug"), DataError("too long")])
def test_any_other_error_is_not_the_databases(exc):
    assert trouble(exc) is None
