"""`ordermirror sandbox`, as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ordermirror.sandbox import Address
from tests.bare_client import Client

pytestmark = pytest.mark.one_database(reason="a sandbox has no database")


@pytest.fixture
def sandbox_command():
    """Start the command and connect a client to what it says."""
    started = []

    def start(*words):
        command = [sys.executable, "-m", "ordermirror", "sandbox", "--port", "0", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        settings = {}
        while len(settings) < (5 if "--tls" in words else 4):
            name, _, value = process.stdout.readline().strip().partition("=")
            if value:
                settings[name] = value
        url = urlsplit(settings["ORDERMIRROR_SAP_URL"])
        ca_file = settings.get("ORDERMIRROR_SAP_CA_FILE")
        ca_path = Path(ca_file) if ca_file else None
        return Client(Address(port=url.port, scheme=url.scheme, ca_file=ca_path), version=2)

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize("words", [(), ("--tls",)])
def test_it_lets_no_more_sessions_in_than_it_is_told(sandbox_command, words):
    client = sandbox_command("--orders", "5", "--max-sessions", "1", *words)

    statuses = [client.login().status for _ in range(2)]
    client.http.close()

    assert statuses == [200, 500]
