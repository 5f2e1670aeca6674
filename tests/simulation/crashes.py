"""Failing on purpose: the process dies, or the database or SAP fails, at a counted moment.

A crash is a kill -9: what was not committed is rolled back, and nothing that the dying program
still tries, its own finally-blocks included, reaches the database or SAP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import IntegrityError, OperationalError, connection

from ordermirror.errors import SAPUnavailable

BEFORE, AFTER = "before", "after"
CRASH, ERROR, REFUSED = "crash", "error", "refused"


class Crash(BaseException):
    """The process is gone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """At the `nth` ("request", "statement" or "commit") of a run, `when`, happens `what`.

    An error after a commit is a lost answer: the commit has happened.
    """

    at: str
    nth: int
    what: str = CRASH
    when: str = BEFORE


@dataclass(slots=True)
class Fuse:
    """Counts what a run does, and fails it where it was told to."""

    failure: Failure | None = None
    counted: Counter[str] = field(default_factory=Counter)
    dead: bool = False
    blown: bool = False
    peeking: bool = False
    """While someone only looks: nothing is counted, nothing fails."""
    after_commit: Callable[[], None] = lambda: None

    def arm(self, failure: Failure | None) -> None:
        self.failure, self.dead, self.blown = failure, False, False
        self.counted.clear()

    @contextmanager
    def looking_on(self) -> Iterator[None]:
        """What happens inside is somebody else's doing: not counted, not failed."""
        before, self.peeking = self.peeking, True
        try:
            yield
        finally:
            self.peeking = before

    def revive(self) -> None:
        """A new process; `blown` still tells whether the failure came."""
        self.failure, self.dead = None, False

    def reached(self, at: str) -> None:
        """Before something is done: counts it, and fails it if it is its turn."""
        if self.dead:
            raise Crash
        if self.peeking:
            return
        self.counted[at] += 1
        self._fail(at, BEFORE)

    def done(self, at: str) -> None:
        if self.dead:
            raise Crash
        if not self.peeking:
            self._fail(at, AFTER)

    def execute(self, execute, sql, params, many, context):
        self.reached("statement")
        result = execute(sql, params, many, context)
        if not sql.startswith("BEGIN"):  # it has no answer that could be lost
            self.done("statement")
        return result

    def commit(self, commit: Callable[[], None]) -> Callable[[], None]:
        def committing() -> None:
            self.reached("commit")
            commit()
            self.after_commit()
            self.done("commit")

        return committing

    def _fail(self, at: str, when: str) -> None:
        failure = self.failure
        if failure is None or self.blown or (failure.at, failure.when) != (at, when):
            return
        if self.counted[at] != failure.nth:
            return
        self.blown = True
        if failure.what == CRASH:
            self.dead = True
            connection.connection.rollback()
            raise Crash
        if at == "request":
            raise SAPUnavailable("the simulator lost the answer")
        raise (IntegrityError if failure.what == REFUSED else OperationalError)("simulated")


@contextmanager
def watched(fuse: Fuse) -> Iterator[None]:
    """Every statement and commit inside passes through the fuse."""
    with connection.execute_wrapper(fuse.execute):
        connection._commit = fuse.commit(connection._commit)
        try:
            yield
        finally:
            del connection._commit
            if fuse.dead:
                _forget_the_dead()


def _forget_the_dead() -> None:
    """The next process has a connection of its own."""
    connection.connection.rollback()
    connection.in_atomic_block = connection.needs_rollback = False
    connection.savepoint_ids.clear()
    connection.atomic_blocks.clear()
    connection.run_on_commit.clear()
    connection.autocommit = True
