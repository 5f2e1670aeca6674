"""`ordermirror run`: serve the pages and keep refreshing, in one process tree."""

from __future__ import annotations

import threading
from argparse import Namespace
from datetime import timedelta

from django.conf import settings

from ordermirror import companies, sync
from ordermirror.cli import output
from ordermirror.cli.serve import address, url
from ordermirror.database import require_tables
from ordermirror.scheduler import Scheduler
from ordermirror.server import serve

PATIENCE = timedelta(seconds=20)


def run(arguments: Namespace) -> int:
    require_tables()
    every = arguments.every or settings.ORDERMIRROR.every
    company, make_source = companies.to_refresh(settings.ORDERMIRROR)

    def refresh(stopping: threading.Event) -> None:
        sync.run_sync(
            company,
            make_source(),
            lookback_days=settings.ORDERMIRROR.lookback_days,
            plan=companies.plan_of(settings.ORDERMIRROR),
            stopping=stopping.is_set,
        )

    scheduler = Scheduler(refresh, every=every)
    host, port = address(arguments)

    def started() -> None:
        rhythm = f"refreshed every {every.total_seconds():g} seconds"
        output.say(f"OrderMirror is at {url(host, port)}, {rhythm} (Ctrl-C ends it)")
        scheduler.start()

    serve(host, port, on_start=started)
    scheduler.stop(patience=PATIENCE)
    return 0
