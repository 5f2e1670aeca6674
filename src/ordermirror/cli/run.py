"""`ordermirror run`: serve the pages and keep refreshing, in one process tree."""

from __future__ import annotations

import os
import threading
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from ordermirror import background, companies, conf
from ordermirror.cli import output
from ordermirror.cli.serve import address, url
from ordermirror.database import require_tables
from ordermirror.models import Company
from ordermirror.retention import Daily
from ordermirror.sap.service_layer import utc_now
from ordermirror.scheduler import Repeated, Scheduler, Waiting
from ordermirror.server import serve

PATIENCE = timedelta(seconds=20)


def run(arguments: Namespace) -> int:
    require_tables()
    if arguments.every:
        refresh_every(arguments.every)
    companies.to_refresh()
    begun = utc_now()

    def waiting() -> Sequence[Waiting]:
        return companies.waiting(now=utc_now(), since=begun)

    pruning = Daily()

    def refresh(company: Company, stopping: threading.Event) -> None:
        background.refresh(company, stopping=stopping.is_set)
        pruning.prune_if_due(settings.ORDERMIRROR, now=utc_now(), stopping=stopping.is_set)

    scheduler = Scheduler(waiting, refresh)
    looking = Repeated("looking for trouble", background.look, every=background.LOOK_EVERY)
    host, port = address(arguments)

    def started() -> None:
        rhythm = f"refreshed every {settings.ORDERMIRROR.every.total_seconds():g} seconds"
        output.say(f"OrderMirror is at {url(host, port)}, {rhythm} (Ctrl-C ends it)")
        until = settings.ORDERMIRROR.quiet_until(utc_now())
        if until:
            output.say(f"These are quiet hours: the first refresh begins at {until:%H:%M}.")
        scheduler.start()
        looking.start()

    serve(host, port, on_start=started)
    scheduler.stop(patience=PATIENCE)
    looking.stop(patience=PATIENCE)
    return 0


def refresh_every(every: timedelta) -> None:
    """Here, and in the processes that serve the pages, which read the settings anew: all are to
    know from when on data is old."""
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, every=every)
    os.environ[conf.variable("every")] = f"{every.total_seconds():.0f}s"
