"""`ordermirror move-database`: everything into another, empty database."""

from __future__ import annotations

from argparse import Namespace

from ordermirror.cli import output
from ordermirror.cli.progress import progress
from ordermirror.conf import variable
from ordermirror.errors import SyncAlreadyRunning
from ordermirror.moving import move_to
from ordermirror.project.databases import database

BUSY = 3


def run(arguments: Namespace) -> int:
    try:
        with progress("Moving", "rows") as show:
            moved = move_to(database(arguments.to), show)
    except SyncAlreadyRunning as exc:
        output.problem(f"{exc}; stop `ordermirror run` and try again")
        return BUSY
    rows = sum(moved.values())
    output.say(f"{rows:,} rows in {len(moved)} tables were moved; counts and sums agree.")
    output.say("The old database is as it was. To use the new one, put this into the settings:")
    output.plain(f"{variable('database_url')}={arguments.to}")
    return 0
