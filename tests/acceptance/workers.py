"""Commands that a zygote runs, to be waited for, paused and killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread

from tests.acceptance.support import Installation
from tests.oracle import without_removed

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


@dataclass
class Worker:
    """A process. `code` is None while it runs, and negative after a signal."""

    number: int
    folder: Path
    pid: int = 0
    code: int | None = None
    begun: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def wait(self) -> int:
        assert self.ended.wait(PATIENCE_SECONDS), f"still running: {self.err}"
        assert self.code is not None
        return self.code

    def send(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    @property
    def out(self) -> str:
        return (self.folder / f"{self.number}.out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return (self.folder / f"{self.number}.err").read_text(encoding="utf-8")


class Workshop:
    """Starts workers of one installation."""

    def __init__(self, installation: Installation) -> None:
        self._folder = installation.data_dir
        self._numbers = count(1)
        self._lock = Lock()
        self._running: dict[int, Worker] = {}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.zygote"],
            env=installation.environment(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, *words: str) -> Worker:
        with self._lock:
            worker = Worker(next(self._numbers), self._folder)
            for name in ("out", "err"):  # it may be killed before it opens them
                (self._folder / f"{worker.number}.{name}").touch()
            self._running[worker.number] = worker
            order = {"id": worker.number, "words": words, "folder": str(self._folder)}
            self._zygote.stdin.write(json.dumps(order) + "\n")
        assert worker.begun.wait(PATIENCE_SECONDS), "the zygote does not answer"
        assert self._zygote.poll() is None, "the zygote has ended"
        return worker

    def exported(self) -> dict[int, dict]:
        worker = self.start("export", "orders")
        assert worker.wait() == 0, worker.err
        orders = [json.loads(line) for line in worker.out.splitlines()]
        return {order["doc_entry"]: without_removed(order) for order in orders}

    def close(self) -> None:
        for worker in list(self._running.values()):
            worker.send(signal.SIGKILL)
        self._zygote.stdin.close()
        self._zygote.wait(PATIENCE_SECONDS)
        self._listener.join()
        self._zygote.stdout.close()

    def _listen(self) -> None:
        for line in self._zygote.stdout:
            told = json.loads(line)
            worker = self._running[told["id"]]
            if "pid" in told:
                worker.pid = told["pid"]
                worker.begun.set()
            else:
                del self._running[told["id"]]
                worker.code = told["code"]
                worker.ended.set()
        for worker in self._running.values():
            worker.begun.set()
            worker.ended.set()
