"""One system on one database: `python -m benchmarks.worker SYSTEM`, told cases over a pipe.

Imports, and what else a process that lives on does once, are done once. Each case is a fork, so it
has an interpreter, memory and connection of its own and none of what a case before it left behind.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pipes import heard, tell

Figures = dict[str, float]
TICKS = os.sysconf("SC_CLK_TCK")
MAXRSS_UNITS_A_MB = 2**20 if sys.platform == "darwin" else 2**10


def environment_of(sap: str, database: str, folder: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "ORDERMIRROR_DATA_DIR": folder,
        "ORDERMIRROR_DATABASE_URL": database,
        "ORDERMIRROR_SAP_URL": sap,
        "ORDERMIRROR_SAP_COMPANY_DB": "SBODEMO",
        "ORDERMIRROR_SAP_USER": "manager",
        "ORDERMIRROR_SAP_PASSWORD": "sandbox",
    }


def measured(work: Callable[[], Figures]) -> Figures:
    """`work` with its costs: seconds, statements, and the most MB it had, those that the process
    had resident when it was idle included (`resident`) and not (`memory`).

    `server` is the CPU that the database server used, 0 where that is this process or not known.
    """
    from django.db import connection

    statements = 0

    def count(execute: Any, *statement: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*statement)

    server, idle = _server_seconds(), _most_memory()
    cpu, wall = time.process_time(), time.perf_counter()
    with connection.execute_wrapper(count):
        figures = work()
    most = _most_memory()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "server": _server_seconds() - server,
        "memory": most - idle,
        "resident": most,
        "statements": statements,
    } | figures


def _close_connections() -> None:
    """As a process that ends does: SQLite writes its log back, which the next one would read."""
    from django.db import connections

    connections.close_all()


def forked(work: Callable[[], Any]) -> Any:
    """What `work` returns, in a process of its own. Raises RuntimeError when it fails there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            _close_connections()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a case failed")
    return json.loads(told)


def prepare() -> None:
    """What a process that lives on does once, before it is forked for each case."""
    import django

    django.setup()
    from ordermirror.sap.certificates import authorities_context

    authorities_context()


def serve(act: Callable[[dict[str, Any]], Any]) -> None:
    """Answer each question by a fork."""
    for told in heard():
        tell(forked(partial(act, told)))


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MAXRSS_UNITS_A_MB


def _server_seconds() -> float:
    from django.db import connection

    question = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT @@pid_file"}
    if connection.vendor not in question:
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute(question[connection.vendor])
        [told] = cursor.fetchone()
    try:
        pid = int(told) if connection.vendor == "postgresql" else int(Path(told).read_text())
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(name: str) -> None:
    prepare()
    from benchmarks.systems import SYSTEMS, mirrored

    system = SYSTEMS[name]

    def act(told: dict[str, Any]) -> Any:
        case = told["what"]
        if case == "prepare":
            return system.prepare()
        if case == "mirrored":
            return mirrored(name)
        now = datetime.fromisoformat(told["now"])
        return measured(lambda: {"rows": system.run(case, now)})

    serve(act)


if __name__ == "__main__":
    main(sys.argv[1])
