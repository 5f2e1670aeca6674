"""A sandbox for the clients, and what the clients are."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.clients.installed import CLIENTS, versions


def pytest_report_header():
    if not CLIENTS.exists():
        raise pytest.UsageError("The clients are not installed; run `make test-clients`.")
    return "clients: " + ", ".join(f"{name} {version}" for name, version in versions().items())


@pytest.fixture
def serve():
    """Start a sandbox; its address comes with it."""
    with ExitStack() as stack:

        def start(**options):
            options = {"orders": 60, "today": date(2026, 11, 2), **options}
            sandbox = Sandbox(SandboxOptions(**options))
            return sandbox, stack.enter_context(sandbox.serving())

        yield start
