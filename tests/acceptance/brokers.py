"""The brokers at hand: by TEST_REDIS_URL and TEST_AMQP_URL, or the usual ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.acceptance.support import free_port

PATIENCE_SECONDS = 20
BROKERS = {
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}
USUAL_PORTS = {"redis": 6379, "rabbitmq": 5672}
MAY_STAND_OUT = not os.environ.get("CI")


def missing(name: str) -> str:
    """Why it can't be tested with; empty when it can."""
    parts = urlsplit(BROKERS[name])
    try:
        address = (parts.hostname, parts.port or USUAL_PORTS[name])
        socket.create_connection(address, timeout=5).close()
    except OSError as exc:
        return f"nothing answers at {address[0]}:{address[1]} ({exc.strerror})"
    return ""


class Redis:
    """A server of the test's own, which it may kill. What it holds is lost then."""

    program = shutil.which("redis-server")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            [self.program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    try:
        yield server
    finally:
        server.kill()
