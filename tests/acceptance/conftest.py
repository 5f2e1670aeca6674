"""A sandbox and an installation beside it."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.engines import FOUND
from tests.acceptance.support import ENTER, Installation
from tests.support import EVERY_EVENT, TODAY


@pytest.fixture
def sandbox():
    return Sandbox(SandboxOptions(orders=120, seed=3, today=TODAY, bump_on=EVERY_EVENT))


@pytest.fixture
def installation(sandbox, tmp_path):
    with sandbox.serving() as address:
        made = Installation(tmp_path, address.url(2))
        yield made
        made.end_all()


@pytest.fixture(params=FOUND, ids=lambda engine: engine.name)
def server(request):
    """The URL of a new, empty database on each server at hand."""
    with request.param.database() as url:
        yield url


@pytest.fixture
def loaded(installation):
    """A mirror on SQLite after its first load."""
    installation.sync()
    return installation


@pytest.fixture
def filled(installation, sandbox):
    """A mirror on SQLite with history, runs, a login and what people entered."""
    return _filled(installation, sandbox)


@pytest.fixture(params=[None, *FOUND], ids=lambda engine: engine.name if engine else "sqlite")
def filled_anywhere(request, installation, sandbox):
    """The same on every database at hand."""
    with request.param.database() if request.param else nullcontext("") as url:
        installation.variables["ORDERMIRROR_DATABASE_URL"] = url
        installation.command("migrate")
        yield _filled(installation, sandbox)


def _filled(installation, sandbox):
    installation.sync()
    installation.shell(ENTER)
    for _ in range(3):
        sandbox.business(events=10)
        installation.sync()
    return installation
