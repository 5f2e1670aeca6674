"""The database server dies under a command, or under a mirror that keeps running."""

from __future__ import annotations

import pytest

from tests import oracle
from tests.acceptance import servers
from tests.acceptance.support import fetch, free_port

MOST_LOOKS = 60


@pytest.fixture(params=[name for name, kind in servers.SERVERS.items() if not kind.missing()])
def server(request, installation):
    """A server of the test's own, on which the installation's mirror is."""
    with servers.running(servers.SERVERS[request.param]) as made:
        made.create("mirror")
        installation.variables["ORDERMIRROR_DATABASE_URL"] = made.url("mirror")
        installation.command("migrate")
        yield made


def expected(sandbox):
    return {doc["DocEntry"]: oracle.expected(doc) for doc in sandbox.orders()}


def equal_in_the_end(installation, sandbox) -> bool:
    return any(installation.exported() == expected(sandbox) for _ in range(MOST_LOOKS))


def test_a_sync_says_that_the_database_failed_and_the_next_one_goes_on(
    server, installation, sandbox, monkeypatch
):
    respond, left = sandbox.respond, [6]

    def strike(request):
        left[0] -= 1
        if left[0] == 0:
            server.kill()
        return respond(request)

    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    monkeypatch.setattr(sandbox, "respond", strike)
    with sandbox.serving() as address:
        installation.sap_url = address.url(2)
        struck = installation.command("sync")
        down = installation.command("sync")
        server.start()
        after = installation.command("sync", "--json")

        assert (struck.returncode, down.returncode, after.returncode) == (1, 2, 0)
        assert "the database failed" in struck.stderr
        assert f"127.0.0.1:{server.port}/mirror" in struck.stderr
        assert "check that it runs, and ORDERMIRROR_DATABASE_URL" in down.stderr
        assert "Traceback" not in struck.stderr + down.stderr
        assert installation.exported() == expected(sandbox)


def test_a_running_mirror_outlives_its_database(server, installation, sandbox):
    process = installation.start("run", "--every", "1s", "--port", str(free_port()))
    url = process.stdout.readline().split()[3].rstrip(",")
    assert equal_in_the_end(installation, sandbox)

    server.kill()
    told = next(line for line in process.stderr if "a refresh failed" in line)
    sandbox.business(events=20)
    server.start()

    assert "the next run goes on from there once the database answers" in told
    assert equal_in_the_end(installation, sandbox)
    assert "Sign in" in fetch(url)
    process.terminate()
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in rest
