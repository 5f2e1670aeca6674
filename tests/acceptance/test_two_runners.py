"""Two runners at once, one of them paused, behave as one; `test_kills.py` kills them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3

import pytest

from tests import oracle


def expected(sandbox):
    return {doc["DocEntry"]: oracle.expected(doc) for doc in sandbox.orders()}


def lease(installation, **values):
    """Change the lease as if its time had passed."""
    columns = ", ".join(f"{name} = ?" for name in values)
    with sqlite3.connect(installation.data_dir / "ordermirror.sqlite3", timeout=30) as database:
        database.execute(f"UPDATE ordermirror_lease SET {columns}", tuple(values.values()))


class Pauser:
    """Stops the first runner (SIGSTOP) when it asks for its n-th page, and lets a test act then."""

    def __init__(self, respond, nth):
        self.respond, self.left, self.process, self.act = respond, nth, None, None

    def __call__(self, request):
        self.left -= 1
        if self.left == 0:
            os.kill(self.process.pid, signal.SIGSTOP)
            self.act()
            os.kill(self.process.pid, signal.SIGCONT)
        return self.respond(request)


@pytest.fixture
def pauser(sandbox, monkeypatch):
    made = Pauser(sandbox.respond, nth=8)
    monkeypatch.setattr(sandbox, "respond", made)
    return made


def test_a_runner_that_was_paused_beyond_its_lease_writes_nothing_more(
    pauser, installation, sandbox
):
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    second = []

    def take_over():
        lease(installation, expires_at="2000-01-01 00:00:00")
        second.append(installation.sync())

    pauser.act = take_over
    pauser.process = installation.start("sync", "--json")
    told, _ = pauser.process.communicate(timeout=120)

    first = json.loads(told)
    assert (first["outcome"], second[0]["outcome"]) == ("failed", "complete")
    assert "another run took over" in first["problem"]
    assert installation.exported() == expected(sandbox)


def test_a_runner_that_was_paused_within_its_lease_goes_on(pauser, installation, sandbox):
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    second = []
    pauser.act = lambda: second.append(installation.sync())
    pauser.process = installation.start("sync", "--json")

    told, _ = pauser.process.communicate(timeout=120)

    assert (json.loads(told)["outcome"], second[0]["outcome"]) == ("complete", "busy")
    assert installation.exported() == expected(sandbox)
