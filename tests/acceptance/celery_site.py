"""An installation whose companies are refreshed by Celery: a beat, workers, a broker."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from kombu import Connection, Queue

from tests.acceptance.support import Installation, kill_session, processes_of_session

PATIENCE_SECONDS = 180
APP = "ordermirror.project.celery"
DOUBLED = "tests.acceptance.doubled_celery"
ROOT = Path(__file__).parents[2]


@dataclass
class Site:
    """`processes` are the beat and the workers that were started, each in a session of its own."""

    installation: Installation
    broker_url: str
    app: str = APP
    processes: list[subprocess.Popen] = field(default_factory=list)
    queue: str = field(default_factory=lambda: f"ordermirror-test-{uuid4().hex[:12]}")

    def __post_init__(self) -> None:
        self.installation.variables |= {
            "ORDERMIRROR_BROKER_URL": self.broker_url,
            "ORDERMIRROR_BROKER_QUEUE": self.queue,
        }

    def beat(self) -> subprocess.Popen:
        return self._start("beat")

    def worker(self) -> subprocess.Popen:
        name = f"{uuid4().hex[:8]}@%h"
        return self._start(
            "worker", "--concurrency", "1", "--hostname", name, "--without-gossip",
            "--without-mingle", "--without-heartbeat",
        )  # fmt: skip

    def _start(self, *words: str) -> subprocess.Popen:
        log = self.log.open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", self.app, "-q", *words],
            env=self.installation.environment() | {"PYTHONPATH": str(ROOT)},
            cwd=self.installation.data_dir,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    @property
    def log(self) -> Path:
        return self.installation.data_dir / "celery.log"

    def end_all(self) -> None:
        for process in self.processes:
            kill_session(process)
        with contextlib.suppress(Exception), Connection(self.broker_url) as connection:
            Queue(self.queue)(connection.default_channel).delete()


def kill_one(pid: int) -> None:
    """kill -9 of the process that a worker lets work for it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_of(process: subprocess.Popen, pid: int) -> bool:
    return pid in processes_of_session(process.pid)


def wait_until(true: Callable[[], bool], *, told: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


@contextlib.contextmanager
def celery_site(installation: Installation, broker_url: str, *, app: str = APP) -> Iterator[Site]:
    site = Site(installation, broker_url, app)
    try:
        yield site
    finally:
        site.end_all()
