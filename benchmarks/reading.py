"""`make bench-reading`: pages of a large mirror, and twenty readers while a sync writes."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from subprocess import Popen

import urllib3
from rich.console import Console
from urllib3.exceptions import HTTPError

from benchmarks import machine, plan
from benchmarks.databases import NAMES, new_database
from benchmarks.pipes import Other, other_process
from benchmarks.pretend import pretend_sap
from benchmarks.reader import PAGES
from benchmarks.results import Figures, Results
from benchmarks.worker import environment_of

SUITE = "reading"
ORDERS, WRITTEN, READERS = 100_000, 20_000, 20
PAUSE_SECONDS = 1.0
"""A reader looks at a page for at least so long."""
ALONE = f"{READERS} readers, a page a second each"
WHILE_WRITING = f"{ALONE}, while a sync writes"
HURRIED = f"{READERS} readers without a pause, while a sync writes"
SECONDS_ALONE = 10.0
PATIENCE_SECONDS = 30.0


def main() -> None:
    console = Console(width=150, highlight=False)
    chosen = plan.chosen(NAMES)
    orders = int(os.environ.get("SIZES") or ORDERS)
    minutes = len(chosen.databases) * (orders * 0.0015 + 60) / 60
    console.print(f"About {minutes:.0f} minutes on two cores.")
    results = Results.read()
    results.begin(SUITE, machine.described(), resume=chosen.resume)
    for database in chosen.databases:
        if results.runs(SUITE, (f"{orders:,} orders", database, HURRIED)):
            continue  # the last of its figures
        for what, figures in _measured(database, orders):
            results.put(SUITE, (f"{orders:,} orders", database, what), [figures])
            told = ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
            console.print(f"{database:10} {what}: {told}", soft_wrap=True)


def _measured(database: str, orders: int) -> Iterator[tuple[str, Figures]]:
    with pretend_sap(min(WRITTEN, orders)) as sap, new_database(database) as (url, folder):
        environment = environment_of(sap.url, url, folder)
        with other_process("benchmarks.reader", environment=environment) as worker:
            cookie = worker.ask("fill", orders=orders)
            for page in PAGES:
                yield page, worker.ask("page", page=page)
            with _served(environment) as address:
                alone = Readers(address, cookie, PAUSE_SECONDS)
                with alone.reading():
                    time.sleep(SECONDS_ALONE)
                yield ALONE, alone.figures()
                calm = Readers(address, cookie, PAUSE_SECONDS)
                yield WHILE_WRITING, _while_writing(worker, calm)
                sap.ask("edit", orders=min(WRITTEN, orders))
                yield HURRIED, _while_writing(worker, Readers(address, cookie, 0.0))


def _while_writing(worker: Other, readers: Readers) -> Figures:
    with readers.reading():
        seconds = worker.ask("sync")
    return readers.figures() | {"sync s": seconds}


class Readers:
    """Twenty people who read one page after the other over HTTP, `pause` seconds apart at least."""

    def __init__(self, address: str, cookie: str, pause: float) -> None:
        self._pause = pause
        self._pool = urllib3.PoolManager(maxsize=READERS, retries=False, timeout=PATIENCE_SECONDS)
        self._address, self._headers = address, {"Cookie": f"sessionid={cookie}"}
        self._taken: list[float] = []
        self._errors = 0
        self._stopping = threading.Event()

    @contextmanager
    def reading(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._read, args=(at,)) for at in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def figures(self) -> Figures:
        taken = sorted(self._taken)
        return {
            "pages": len(taken),
            "p50 ms": taken[len(taken) // 2],
            "p99 ms": taken[int(len(taken) * 0.99)],
            "errors": self._errors,
        }

    def _read(self, at: int) -> None:
        paths = list(PAGES.values())
        self._stopping.wait(self._pause * at / READERS)
        while not self._stopping.is_set():
            at += 1
            began = time.perf_counter()
            try:
                address = self._address + paths[at % len(paths)]
                answer = self._pool.request("GET", address, headers=self._headers, redirect=False)
                failed = answer.status != 200
            except HTTPError:
                failed = True
            taken = time.perf_counter() - began
            self._taken.append(taken * 1000)
            self._errors += failed
            self._stopping.wait(self._pause - taken)


@contextmanager
def _served(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "ordermirror", "serve", "--port", str(port)]
    with Popen(program, env=os.environ | environment, stdout=sys.stderr) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError("the pages' server did not start")


if __name__ == "__main__":
    main()
