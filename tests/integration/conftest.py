"""What integration tests share: a sandbox being served, and a bare client logged in to it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.bare_client import Client


@pytest.fixture
def serve():
    """Start a sandbox and log a client in."""
    with ExitStack() as stack:

        def start(version=1, clock=None, **options):
            options = SandboxOptions(**{"orders": 60, "today": date(2026, 11, 2), **options})
            sandbox = Sandbox(options, clock=clock) if clock else Sandbox(options)
            client = Client(stack.enter_context(sandbox.serving()), version)
            stack.callback(client.http.close)
            client.login()
            return sandbox, client

        yield start
