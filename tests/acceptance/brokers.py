"""Brokers of the tests' own, which they may kill: in a temporary folder, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests.acceptance.support import free_port, kill_session

PATIENCE_SECONDS = 90
MAY_STAND_OUT = not os.environ.get("CI")


class Broker(ABC):
    name: str
    programs: dict[str, str | None]
    """What it takes, and where that is."""
    _process: subprocess.Popen | None = None

    @classmethod
    def missing(cls) -> str:
        """Why it can't be started here; empty when it can."""
        absent = [name for name, found in cls.programs.items() if found is None]
        return f"not found: {', '.join(absent)}" if absent else ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()

    def start(self) -> None:
        """Returns when it answers."""
        self._process = self._run()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, f"{type(self).__name__} does not start"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """kill -9 of all its processes, as when its machine stops."""
        if self._process:
            kill_session(self._process)

    def close(self) -> None:
        self.kill()

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def _run(self) -> subprocess.Popen: ...

    def _begin(self, *command: str, **variables: str) -> subprocess.Popen:
        with (self._folder / "broker.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Redis(Broker):
    """What it holds is lost when it is killed."""

    name = "redis"
    programs: ClassVar = {"redis-server": shutil.which("redis-server")}

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def _run(self) -> subprocess.Popen:
        words = ("--port", str(self._port), "--bind", "127.0.0.1", "--save", "")
        return self._begin(self.programs["redis-server"], *words)


class RabbitMQ(Broker):
    """It keeps its queues and what is in them. The directory in which nodes are known by name is
    of its own, too: what the machine's own RabbitMQ does is not touched."""

    name = "rabbitmq"
    programs: ClassVar = {
        # Debian's own program in /usr/sbin runs the one node of the machine.
        "rabbitmq-server": shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin")
        or shutil.which("rabbitmq-server"),
        "epmd": shutil.which("epmd"),
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._names_port = free_port()
        (folder / "plugins").write_text("[].")
        words = ("-port", str(self._names_port), "-address", "127.0.0.1")
        self._names = self._begin(self.programs["epmd"], *words)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def close(self) -> None:
        super().close()
        kill_session(self._names)

    def _run(self) -> subprocess.Popen:
        return self._begin(
            self.programs["rabbitmq-server"],
            HOME=str(self._folder),  # for the cookie
            ERL_EPMD_PORT=str(self._names_port),
            RABBITMQ_NODENAME="ordermirror-test@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(self._port),
            RABBITMQ_DIST_PORT=str(free_port()),
            RABBITMQ_MNESIA_BASE=str(self._folder / "mnesia"),
            RABBITMQ_LOG_BASE=str(self._folder / "log"),
            RABBITMQ_PID_FILE=str(self._folder / "pid"),
            RABBITMQ_CONFIG_FILE=str(self._folder / "rabbitmq"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self._folder / "plugins"),
        )


BROKERS: dict[str, type[Broker]] = {kind.name: kind for kind in (Redis, RabbitMQ)}


def uncovered() -> list[str]:
    """What can't be tested here, and what mends that."""
    missing = {name: kind.missing() for name, kind in BROKERS.items()}
    mends = "run `apt-get install redis-server rabbitmq-server`"
    return [f"{name}: NOT COVERED, {why}; {mends}" for name, why in missing.items() if why]


@contextmanager
def running(name: str, folder: Path) -> Iterator[Broker]:
    """Skips the test where there is none, except in CI."""
    kind = BROKERS[name]
    missing = kind.missing()
    if missing and MAY_STAND_OUT:
        pytest.skip(f"NOT TESTED with {name}: {missing}")
    assert not missing
    server = kind(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()
