"""Starts `ordermirror` commands by fork, so that a process costs little and many can be killed.

    python -m tests.acceptance.zygote

Reads one order a line on standard input, as JSON: {"id", "words", "folder"}. Each is a process of
its own, with its own connections; what it prints goes to files in the folder. Answers a line when
one has begun, {"id", "pid"}, and one when it has ended, {"id", "code"}, negative for a signal.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import sys
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from ordermirror.cli.main import main, set_up_django


def serve() -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    waiting.register(woken, selectors.EVENT_READ)
    running: dict[int, int] = {}
    typed = b""
    while True:
        for key, _ in waiting.select():
            read = os.read(key.fd, 65536)
            if key.fd == woken:
                _tell_ended(running)
                continue
            if not read:
                return
            *orders, typed = (typed + read).split(b"\n")
            for order in orders:
                _begin(json.loads(order), running)


def _begin(order: dict, running: dict[int, int]) -> None:
    pid = os.fork()
    if pid == 0:
        _become(order)
    running[pid] = order["id"]
    _answer(id=order["id"], pid=pid)


def _become(order: dict) -> None:
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        folder = Path(order["folder"])
        for number, name in ((1, "out"), (2, "err")):
            file = os.open(folder / f"{order['id']}.{name}", os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(file, number)
        code = main(order["words"])
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _tell_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        _answer(id=running.pop(pid), code=os.waitstatus_to_exitcode(status))


def _answer(**told: int) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    set_up_django()
    MigrationLoader(None)
    for command in ("sync", "export", "migrate"):
        importlib.import_module(f"ordermirror.cli.{command}")
    serve()
