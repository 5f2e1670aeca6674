"""The `ordermirror` command as a user types it, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from tests.oracle import without_removed

ENTER = """
from datetime import datetime, timezone
from django.contrib.auth.models import User
from ordermirror.models import SalesOrder
from ordermirror.owned.models import Approval, LinePrice, OrderNote

then = datetime(2026, 1, 5, 9, 30, 15, 123456, tzinfo=timezone.utc)
User.objects.create_user("amal", password="correct horse")
for order in SalesOrder.objects.all()[:40]:
    OrderNote.objects.create(order=order.pk, author="amal", at=then, text="اتصل بي \U0001f69a")
    Approval.objects.create(
        order=order.pk, state="approved", decided_by="amal", decided_at=then,
        doc_total=order.doc_total, doc_currency=order.doc_currency, fingerprint=-(2**62),
    )
    LinePrice.objects.create(
        order=order.pk, line_num=0, item_code="A1", price="0.100001", set_by="amal", set_at=then
    )
"""


def _heed_ctrl_c() -> None:
    """As in a terminal, though these tests may be run by a job that ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Installation:
    """A data folder and the settings that lead to a sandbox."""

    data_dir: Path
    sap_url: str
    variables: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        dropped = ("ORDERMIRROR_", "DJANGO_", "COVERAGE_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        return kept | {
            "ORDERMIRROR_DATA_DIR": str(self.data_dir),
            "ORDERMIRROR_SAP_URL": self.sap_url,
            "ORDERMIRROR_SAP_COMPANY_DB": "SBODEMO",
            "ORDERMIRROR_SAP_USER": "manager",
            "ORDERMIRROR_SAP_PASSWORD": "sandbox",
            **self.variables,
        }

    def start(self, *words: str) -> subprocess.Popen:
        """In a session of its own, which `end_all` ends whatever the test did."""
        process = subprocess.Popen(
            [sys.executable, "-m", "ordermirror", *words],
            env=self.environment(),
            cwd=self.data_dir,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,
        )
        self.started.append(process)
        return process

    def end_all(self) -> None:
        for process in self.started:
            for pid in processes_of_session(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.communicate()

    def command(self, *words: str, typed: str | None = None) -> subprocess.CompletedProcess:
        return self._program(["-m", "ordermirror", *words], typed)

    def python(self, script: str) -> subprocess.CompletedProcess:
        """A program of the test's own, which calls the product's."""
        return self._program(["-c", script])

    def _program(self, words: list[str], typed: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *words],
            env=self.environment(),
            cwd=self.data_dir,
            capture_output=True,
            text=True,
            input=typed,
            timeout=120,
            check=False,
        )

    def sync(self, *words: str) -> dict:
        return json.loads(self.command("sync", "--json", *words).stdout)

    def shell(self, script: str) -> str:
        """What a script prints that runs with the product's own models."""
        done = self.command("manage", "shell", "--no-imports", "-c", script)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def every_row(self) -> list[dict]:
        """Each row of each table, but for the lease, which is taken without business changing."""
        told = self.command("manage", "dumpdata", "--all", "--exclude", "ordermirror.lease")
        return json.loads(told.stdout)

    def exported(self) -> dict[int, dict]:
        printed = self.command("export", "orders", "--format", "ndjson").stdout
        orders = [json.loads(line) for line in printed.splitlines()]
        return {order["doc_entry"]: without_removed(order) for order in orders}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url: str) -> str:
    """The page behind an address that is announced a moment before it answers."""
    retries = urllib3.Retry(connect=40, backoff_factor=0.1, backoff_max=0.5, redirect=3)
    return urllib3.request("GET", url, retries=retries).data.decode()


def kill_session(leader: subprocess.Popen) -> None:
    """kill -9 of all processes of the session that one began, as when its machine stops."""
    for pid in processes_of_session(leader.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    leader.wait()


def processes_of_session(session: int) -> list[int]:
    """Processes that are still alive in the session that a process began."""
    alive = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session and fields[0] != "Z":
                alive.append(int(stat.parent.name))
    return alive
