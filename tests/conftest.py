"""Fixtures that most tests share, and CI's rule that no test may be skipped."""

from __future__ import annotations

import os

import pytest
from django.conf import settings

from ordermirror.sandbox.sessions import Sessions
from tests.acceptance import brokers
from tests.support import mirrored


@pytest.fixture
def mirror(transactional_db):
    """An empty mirror beside a sandbox of 120 orders in which every event leaves a stamp."""
    with mirrored() as made:
        yield made


@pytest.fixture
def sessions(monkeypatch):
    """The identities of all sessions that the sandbox gives out."""
    given, give = [], Sessions.open

    def remembering(self):
        given.append(give(self))
        return given[-1]

    monkeypatch.setattr(Sessions, "open", remembering)
    return given


def pytest_addoption(parser):
    parser.addoption(
        "--database-bound",
        action="store_true",
        help="only tests that need a database and may differ from one to another",
    )


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--database-bound"):
        return
    kept = [item for item in items if _is_database_bound(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_database_bound(item):
    """What is simulated takes most of the time, and is about decisions more than the database."""
    if item.get_closest_marker("one_database") or "simulation" in item.path.parts:
        return False
    fixtures = {"db", "transactional_db"}
    return bool(item.get_closest_marker("django_db") or fixtures.intersection(item.fixturenames))


def pytest_report_header():
    database = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    return [f"database: {database}", *brokers.uncovered()]


def pytest_sessionfinish(session, exitstatus):
    """In CI a skipped test is a failure: what was not run proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{skipped} skipped, which CI does not accept", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
