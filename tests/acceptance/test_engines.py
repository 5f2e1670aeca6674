"""The same story on every database server that is at hand."""

from __future__ import annotations

import json

import pytest

from ordermirror.lease import TTL
from tests import oracle
from tests.acceptance.engines import FOUND


@pytest.fixture(params=FOUND, ids=lambda engine: engine.name)
def on_server(request, installation):
    """An installation whose mirror is in a new database of a server."""
    with request.param.database() as url:
        installation.variables["ORDERMIRROR_DATABASE_URL"] = url
        yield installation


def expected(sandbox):
    return {doc["DocEntry"]: oracle.expected(doc) for doc in sandbox.orders()}


def test_a_server_database_is_migrated_by_a_person(on_server):
    refused = on_server.command("sync")

    migrated = on_server.command("migrate")

    assert (refused.returncode, "run `ordermirror migrate`" in refused.stderr) == (2, True)
    assert "migrations applied" in migrated.stdout


def test_a_first_load_and_refreshes_equal_the_source(on_server, sandbox):
    on_server.command("migrate")

    first = on_server.sync()
    for _ in range(5):
        sandbox.business(events=20)
        last = on_server.sync()
    quiet = on_server.sync()

    assert (first["outcome"], last["outcome"]) == ("complete", "complete")
    assert on_server.exported() == expected(sandbox)
    assert quiet["rows_written"] == 0


def test_a_killed_first_load_is_resumed(on_server, sandbox):
    on_server.command("migrate")
    on_server.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    process = on_server.start("sync")
    next(line for line in process.stderr if "first load" in line)
    process.kill()
    process.communicate()

    report = on_server.sync()

    assert report["outcome"] == "complete"
    assert on_server.exported() == expected(sandbox)


def test_history_and_status_read_the_same(on_server, sandbox):
    on_server.command("migrate")
    on_server.sync()
    document = sandbox.orders()[-1]
    sandbox.edit(document["DocEntry"], NumAtCard="PO-4711")
    on_server.sync()

    told = on_server.command("explain", str(document["DocNum"])).stdout
    status = json.loads(on_server.command("status", "--json").stdout)

    assert "PO-4711" in told
    assert (status["orders"], status["last_outcome"]) == (120, "complete")


IDLE = {
    "postgresql": "SHOW idle_in_transaction_session_timeout",
    "mysql": "SELECT concat(@@idle_write_transaction_timeout, ' s')",
}


def test_a_stopped_writer_locks_nothing_for_longer_than_a_lease(on_server):
    """A machine that is gone says nothing: without it the lease's row stays locked for hours."""
    ask = (
        "from django.db import connection as c; k = c.cursor();"
        f"k.execute({IDLE}[c.vendor]); print(k.fetchone()[0])"
    )

    told = on_server.command("manage", "shell", "--no-imports", "-c", ask).stdout.strip()

    assert told in ("5min", "300 s")
    assert TTL.total_seconds() == 300


def test_the_doctor_finds_all_well(on_server):
    on_server.command("migrate")
    on_server.sync()

    told = on_server.command("doctor", "--json")
    found = json.loads(told.stdout)["findings"]

    assert told.returncode == 0
    assert {finding["level"] for finding in found} == {"OK"}


def test_the_doctor_says_that_the_server_does_not_answer(on_server):
    on_server.variables["ORDERMIRROR_DATABASE_URL"] += "_that_is_not_there"

    told = on_server.command("doctor")

    assert told.returncode == 1
    assert "whether the server runs" in told.stdout
