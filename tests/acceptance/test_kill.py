"""Killed at any moment, the next run goes on and ends equal to the source."""

from __future__ import annotations

import pytest

from tests import oracle


class Killer:
    """Kills a process when the sandbox is asked for the n-th time, before the answer is sent.

    `of` counts only questions whose path ends so.
    """

    def __init__(self, respond, nth, of=""):
        self.respond, self.left, self.of, self.process = respond, nth, of, None

    def __call__(self, request):
        self.left -= request.path.endswith(self.of)
        if self.left == 0:
            self.process.kill()
        return self.respond(request)


@pytest.fixture
def killer(sandbox, request, monkeypatch):
    made = Killer(sandbox.respond, *request.param)
    monkeypatch.setattr(sandbox, "respond", made)
    return made


@pytest.mark.parametrize("killer", [(nth,) for nth in range(1, 25, 3)], indirect=True)
def test_a_killed_first_load_is_resumed_and_ends_equal(killer, installation, sandbox):
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    killer.process = installation.start("sync")
    killer.process.communicate(timeout=60)

    report = installation.sync()

    expected = {doc["DocEntry"]: oracle.expected(doc) for doc in sandbox.orders()}
    assert killer.process.returncode == -9
    assert report["outcome"] == "complete"
    assert installation.exported() == expected


@pytest.mark.parametrize("killer", [(8, "/Orders")], indirect=True)
def test_a_resumed_first_load_does_not_begin_again(killer, installation):
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    killer.process = installation.start("sync")
    killer.process.communicate(timeout=60)

    report = installation.sync()

    assert 0 < report["orders"]["created"] < 120


@pytest.mark.parametrize("killer", [(8, "/Orders")], indirect=True)
def test_a_killed_run_is_told_as_such(killer, installation):
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    killer.process = installation.start("sync")
    killer.process.communicate(timeout=60)

    installation.sync()

    told = installation.command(
        "manage",
        "shell",
        "--no-imports",
        "-c",
        "from ordermirror.models import SyncRun; print(SyncRun.objects.get(pk=1).outcome)",
    )
    assert told.stdout.strip() == "failed"
