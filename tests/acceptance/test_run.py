"""`ordermirror run`: pages and refreshes in one process tree, which ends in order."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from threading import Event

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.support import Installation, free_port, processes_of_session
from tests.support import TODAY

PATIENCE_SECONDS = 60


@pytest.fixture
def loading(tmp_path):
    """An installation whose first load takes a hundred requests, and an event after the tenth."""
    sandbox = Sandbox(SandboxOptions(orders=1000, max_lines=2, seed=3, latency="100", today=TODAY))
    respond, tenth, asked = sandbox.respond, Event(), []

    def counted(request):
        asked.append(request)
        if len(asked) == 10:
            tenth.set()
        return respond(request)

    sandbox.respond = counted
    with sandbox.serving() as address:
        made = Installation(tmp_path, address.url(2))
        made.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
        yield made, sandbox, tenth
        made.end_all()


def query(installation, sql):
    with closing(sqlite3.connect(installation.data_dir / "ordermirror.sqlite3")) as database:
        return database.execute(sql).fetchall()


def wait_until(true):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_that_is_under_way_ends_in_order(loading):
    installation, sandbox, tenth = loading
    process = installation.start("run", "--port", str(free_port()))
    process.stdout.readline()
    assert tenth.wait(PATIENCE_SECONDS)

    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0
    assert query(installation, "SELECT outcome FROM ordermirror_syncrun") == [("incomplete",)]
    assert query(installation, "SELECT holder FROM ordermirror_lease") == [("",)]
    assert sandbox.open_sessions == 0
    wait_until(lambda: not processes_of_session(process.pid))


def test_a_company_that_is_added_is_refreshed_without_a_restart(tmp_path):
    sandbox = Sandbox(SandboxOptions(orders=5, seed=3, today=TODAY))
    with sandbox.serving() as address:
        installation = Installation(tmp_path, address.url(2))
        process = installation.start("run", "--every", "1h", "--port", str(free_port()))
        process.stdout.readline()

        installation.command("company", "add", "SECOND", "SAP_COMPANY_DB=SBODEMO")

        complete = "SELECT COUNT(*) FROM ordermirror_syncrun WHERE outcome = 'complete'"
        wait_until(lambda: query(installation, complete) == [(2,)])
        installation.end_all()
