"""Two workers on one mirror, and what strikes them."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests import oracle
from tests.acceptance import fence_log, servers
from tests.acceptance.support import Installation
from tests.acceptance.workers import Worker, Workshop
from tests.support import EVERY_EVENT, TODAY

NAME = "mirror"
DONE, FAILED, MISUSE, BUSY, KILLED = 0, 1, 2, 3, -signal.SIGKILL
LATEST_REQUEST, LONGEST_DELAY = 14, 0.06
FULL = 0.4
"""How often a worker reads every order again, so that there is much to write."""
LOCK_PATIENCE = {
    "sqlite": "",
    "postgresql": "SET lock_timeout = '1s'",
    "mariadb": "SET innodb_lock_wait_timeout = 1",
}


class Killer:
    """Strikes once, a moment after the n-th request; so the moment may be in a transaction."""

    def __init__(self, sandbox: Sandbox, dice: random.Random) -> None:
        self._respond = sandbox.respond
        self._dice = dice
        self._left = 0
        self._lock = Lock()
        self._act: Callable[[], bool] = lambda: True
        self.struck = Event()
        self.problem: BaseException | None = None
        sandbox.respond = self._answer

    def aim(self, act: Callable[[], bool]) -> None:
        """`act` returns whether it struck; otherwise it is called again some requests later."""
        self._act = act
        self.struck.clear()
        self._load()

    def _load(self) -> None:
        self._delay = self._dice.uniform(0, LONGEST_DELAY)
        self._left = self._dice.randrange(1, LATEST_REQUEST)

    def _answer(self, request):
        with self._lock:
            self._left -= 1
            now = self._left == 0 and not self.struck.is_set()
        if now:
            Thread(target=self._strike, daemon=True).start()
        return self._respond(request)

    def _strike(self) -> None:
        Event().wait(self._delay)
        try:
            if self._act():
                self.struck.set()
            else:
                self._load()
        except BaseException as exc:
            self.problem = exc
            self.struck.set()


@dataclass
class Arena:
    """`told` counts how the workers ended; `server` is None on SQLite."""

    engine: str
    installation: Installation
    workshop: Workshop
    sandbox: Sandbox
    killer: Killer
    dice: random.Random
    server: servers.Server | None
    workers: list[Worker] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    takeovers: int = 0
    written: int = 0

    def query(self, sql: str) -> list[tuple]:
        if self.server:
            return self.server.query(sql, database=NAME, patience=LOCK_PATIENCE[self.engine])
        file = self.installation.data_dir / "ordermirror.sqlite3"
        with contextlib.closing(sqlite3.connect(file, timeout=1)) as database, database:
            return database.execute(sql).fetchall()

    # What strikes.

    def kill_a_worker(self) -> bool:
        """Mostly the one that holds the lease, since the other has nothing to lose."""
        alive = [worker for worker in self.workers if worker.code is None]
        if not alive:
            return False
        holder = self.holder() if self.dice.random() < 0.7 else None
        victim = holder or self.dice.choice(alive)
        victim.send(signal.SIGKILL)
        return victim.wait() == KILLED

    def kill_the_server(self) -> bool:
        self.server.kill()
        self.server.start()
        return True

    def pause_the_holder(self) -> bool:
        """Stop it, let its lease run out, let others work, and wake it.

        Not while it holds the lease's row in a transaction: nobody can take over then.
        """
        paused = self.holder()
        if paused is None:
            return False
        paused.send(signal.SIGSTOP)
        try:
            if paused.code is not None or not self.expire_lease(paused):
                return False
            other = self._another_run()
            assert other.code == DONE, other.err
        finally:
            paused.send(signal.SIGCONT)
        lost = paused.wait() == FAILED
        assert lost == ("another run took over" in paused.err), paused.err
        self.told["lost its lease" if lost else "had written all"] += 1
        return True

    def expire_lease(self, worker: Worker) -> bool:
        past = "UPDATE ordermirror_lease SET expires_at = '2000-01-01 00:00:00'"
        try:
            self.query(f"{past} WHERE holder LIKE '%:{worker.pid}'")
        except Exception:
            return False
        return True

    def holder(self) -> Worker | None:
        [(holder,)] = self.query("SELECT holder FROM ordermirror_lease") or [("",)]
        pid = holder.rpartition(":")[2]
        return next((it for it in self.workers if str(it.pid) == pid and it.code is None), None)

    def _another_run(self) -> Worker:
        """Wait until one that is not paused has run to its end."""
        while True:
            other = self.workshop.start("sync", "--full")
            if other.wait() != BUSY:
                return other

    # What happens in a round.

    def round(self, strike: Callable[[], bool]) -> None:
        """Two workers at all times until one strike has hit; then the mirror must be right."""
        self.sandbox.business(events=2)
        self.killer.aim(strike)
        while not self.killer.struck.is_set():
            self._keep_two()
            self.workers[0].ended.wait(0.02)
        for worker in self.workers:
            self._judge(worker)
        self.workers.clear()
        if self.killer.problem:
            raise self.killer.problem
        self._converge()

    def _keep_two(self) -> None:
        for worker in [it for it in self.workers if it.code is not None]:
            self._judge(worker)
            self.workers.remove(worker)
            if worker.code == MISUSE:
                self.killer.struck.wait(0.3)  # the server is starting
        while len(self.workers) < 2:
            full = ["--full"] if self.dice.random() < FULL else []
            self.workers.append(self.workshop.start("sync", *full))

    def _judge(self, worker: Worker) -> None:
        """Whatever happened is told in words, with the exit code that the documents name."""
        code = worker.wait()
        self.told[str(code)] += 1
        assert code in (DONE, FAILED, MISUSE, BUSY, KILLED), worker.err
        assert "Traceback" not in worker.err, worker.err
        if code in (FAILED, MISUSE):
            told = "the database" if self.server else "took over"
            assert told in worker.err or "another run took over" in worker.err, worker.err

    def _converge(self) -> None:
        last = self.workshop.start("sync")
        assert last.wait() == DONE, last.err
        source = {it["DocEntry"]: oracle.expected(it) for it in self.sandbox.orders()}
        mirrored = self.workshop.exported()
        wrong = [key for key in source | mirrored if source.get(key) != mirrored.get(key)]
        assert not wrong, [(source.get(key), mirrored.get(key)) for key in wrong[:2]]
        self._look_for_stale_rows()

    def _look_for_stale_rows(self) -> None:
        log = self.query("SELECT fence, run FROM fence_log ORDER BY id")
        found = fence_log.stale(log)
        assert not found, found[:5]
        self.takeovers = sum(run is None for _, run in log)
        self.written = len(log) - self.takeovers


@contextmanager
def arena(engine: str, installation: Installation, seed: int) -> Iterator[Arena]:
    dice = random.Random(f"{engine}:{seed}")
    sandbox = Sandbox(
        SandboxOptions(orders=30, max_lines=4, seed=seed, today=TODAY, bump_on=EVERY_EVENT)
    )
    with contextlib.ExitStack() as stack:
        server = None
        if engine in servers.SERVERS:
            server = stack.enter_context(servers.running(servers.SERVERS[engine]))
            server.create(NAME)
            installation.variables["ORDERMIRROR_DATABASE_URL"] = server.url(NAME)
        killer = Killer(sandbox, dice)
        installation.sap_url = stack.enter_context(sandbox.serving()).url(2)
        installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
        workshop = stack.enter_context(contextlib.closing(Workshop(installation)))
        made = Arena(engine, installation, workshop, sandbox, killer, dice, server)
        migrated = workshop.start("migrate")
        assert migrated.wait() == DONE, migrated.err
        fence_log.install(engine, made.query)
        yield made
