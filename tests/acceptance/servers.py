"""Database servers of a test's own, which it may kill: in a temporary folder, on a free port."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.support import free_port

PATIENCE_SECONDS = 60


class Server(ABC):
    """Durable as the engine is by default: nothing is switched off."""

    user: str
    """Who it runs as when the tests are run by root, whom servers refuse."""
    driver: str
    programs: tuple[str, ...]

    @classmethod
    def missing(cls) -> str:
        """Why it can't be started here; empty when it can."""
        if importlib.util.find_spec(cls.driver) is None:
            return f"the driver {cls.driver} is not installed"
        absent = [name for name in cls.programs if cls.program(name) is None]
        if absent:
            return f"not found: {', '.join(absent)}"
        if os.geteuid() == 0 and cls.user not in {known.pw_name for known in pwd.getpwall()}:
            return f"root can't run it, and there is no user {cls.user}"
        return ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self._process: subprocess.Popen | None = None
        self._log = (folder / "log").open("wb")
        self._prepare()

    def start(self) -> None:
        """Returns when it answers; one that finds its predecessor's remains is started again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if self._process is None or self._process.poll() is not None:
                self._process = self._run(*self._command())
            try:
                self.query("SELECT 1")
            except Exception:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()[-3000:]
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """kill -9 of every process of the server, as when its machine stops."""
        pids = [self._process.pid, *_children(self._process.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._log.close()

    @staticmethod
    @abstractmethod
    def program(name: str) -> str | None: ...

    @abstractmethod
    def url(self, database: str) -> str: ...

    @abstractmethod
    def create(self, database: str) -> None: ...

    @abstractmethod
    def query(self, sql: str, *, database: str = "", patience: str = "") -> list[tuple]:
        """Run one statement on a connection of its own; `patience` is a statement before it."""

    @abstractmethod
    def _prepare(self) -> None: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    def _run(self, *command: str) -> subprocess.Popen:
        switched = {"user": self.user, "group": _group(self.user), "extra_groups": []}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            **(switched if os.geteuid() == 0 else {}),
        )

    def _run_to_end(self, *command: str) -> None:
        code = self._run(*command).wait(PATIENCE_SECONDS)
        assert code == 0, (self.folder / "log").read_text()[-3000:]


class PostgreSQL(Server):
    user, driver, programs = "postgres", "psycopg", ("initdb", "postgres")

    @staticmethod
    def program(name: str) -> str | None:
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return shutil.which(name) or (str(found[-1]) if found else None)

    def _prepare(self) -> None:
        self._run_to_end(
            self.program("initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres",
            "-E", "UTF8", "--no-sync", "--no-locale",
        )  # fmt: skip

    def _command(self) -> list[str]:
        return [
            self.program("postgres"), "-D", str(self.data), "-p", str(self.port),
            "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1",
            # As durable as file by file, and ten times faster to start after a kill.
            "-c", "recovery_init_sync_method=syncfs",
        ]  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database or 'postgres'}"

    def create(self, database: str) -> None:
        self.query(f"CREATE DATABASE {database}")

    def query(self, sql: str, *, database: str = "", patience: str = "") -> list[tuple]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            if patience:
                connection.execute(patience)
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []


class MariaDB(Server):
    user, driver, programs = "mysql", "MySQLdb", ("mariadb-install-db", "mariadbd")

    @staticmethod
    def program(name: str) -> str | None:
        return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")

    def _prepare(self) -> None:
        self._run_to_end(
            self.program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        )  # fmt: skip

    def _command(self) -> list[str]:
        return [
            self.program("mariadbd"), "--no-defaults", f"--datadir={self.data}",
            f"--port={self.port}", f"--socket={self.folder / 'sock'}",
            f"--pid-file={self.folder / 'pid'}", "--bind-address=127.0.0.1",
        ]  # fmt: skip

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> None:
        self.query(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")

    def query(self, sql: str, *, database: str = "", patience: str = "") -> list[tuple]:
        import MySQLdb

        connection = MySQLdb.connect(
            host="127.0.0.1", port=self.port, user="root", db=database, autocommit=True,
            connect_timeout=5,
        )  # fmt: skip
        with contextlib.closing(connection), connection.cursor() as cursor:
            if patience:
                cursor.execute(patience)
            cursor.execute(sql)
            return list(cursor.fetchall())


SERVERS: dict[str, type[PostgreSQL] | type[MariaDB]] = {
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
}


@contextmanager
def running(kind: type[Server]) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ordermirror-server-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, kind.user, _group(kind.user))
        server = kind(folder)
        server.start()
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder)


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _children(parent: int) -> list[int]:
    """PostgreSQL's are sessions of their own, so they are found by who began them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found
