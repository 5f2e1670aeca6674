"""A lease of this process: held while its run lives, free once it has ended, however it did."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from ordermirror import conflicts, lease
from ordermirror.errors import LeaseLost


def gone(execute, sql, params, many, context):
    raise OperationalError("the server closed the connection")


def test_a_lease_is_not_taken_from_a_run_of_this_process(mirror):
    held = lease.take(mirror.company.pk)

    report = mirror.sync()

    held.release()
    assert report.outcome == "busy"


def test_a_lease_that_could_not_be_released_is_taken_by_the_next_run(mirror):
    """The database failed under a run of `ordermirror run`, which goes on when it answers again."""
    held = lease.take(mirror.company.pk)
    with connection.execute_wrapper(gone), pytest.raises(OperationalError):
        held.release()

    report = mirror.sync()

    assert report.outcome == "complete"


def test_a_run_that_is_under_way_writes_nothing_after_a_new_epoch(mirror):
    """It would have written its positions again, and the orders would not have been read anew."""
    mirror.sync()
    held = lease.take(mirror.company.pk)

    conflicts.new_epoch(mirror.company)

    with pytest.raises(LeaseLost), held.transaction():
        pass
