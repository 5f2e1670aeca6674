"""A sandbox and an installation beside it."""

from __future__ import annotations

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.engines import FOUND
from tests.acceptance.support import Installation
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
