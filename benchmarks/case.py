"""One case in a process of its own: `python -m benchmarks.case product|floor`, as JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def server_seconds() -> float:
    """CPU that the database server has used so far; 0 where it is this process or can't be told."""
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


def measured(work: Callable[[], object]) -> dict[str, float]:
    server, cpu, wall = server_seconds(), time.process_time(), time.perf_counter()
    work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "server": server_seconds() - server,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(case: str) -> None:
    prepare()
    from django.conf import settings

    from benchmarks import floor
    from ordermirror import companies, sync

    company, make_source = companies.to_refresh(settings.ORDERMIRROR)
    source = make_source()

    def product() -> None:
        report = sync.run_sync(company, source, lookback_days=2)
        if report.outcome != "complete":
            raise SystemExit(report.problem)

    def plainest() -> None:
        floor.load(company, source)
        source.close()

    figures = measured(product if case == "product" else plainest)
    requests = {"requests": source.traffic.requests, "bytes": source.traffic.bytes}
    sys.stdout.write(json.dumps(figures | requests))


if __name__ == "__main__":
    main(sys.argv[1])
