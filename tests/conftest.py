"""Fixtures that most tests share, and CI's rule that no test may be skipped."""

from __future__ import annotations

import os

import pytest

from tests.acceptance.engines import report
from tests.support import mirrored


@pytest.fixture
def mirror(transactional_db):
    """An empty mirror beside a sandbox of 120 orders in which every event leaves a stamp."""
    with mirrored() as made:
        yield made


def pytest_report_header():
    return report()


def pytest_sessionfinish(session, exitstatus):
    """In CI a skipped test is a failure: what was not run proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{skipped} skipped, which CI does not accept", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
