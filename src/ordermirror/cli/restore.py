"""`ordermirror restore`: put a backup in the SQLite file's place."""

from __future__ import annotations

from argparse import Namespace

from rich.markup import escape

from ordermirror.backup import restore
from ordermirror.cli import output
from ordermirror.errors import SyncAlreadyRunning

BUSY = 3


def run(arguments: Namespace) -> int:
    try:
        replaced = restore(arguments.file)
    except SyncAlreadyRunning as exc:
        output.problem(f"{exc}; stop `ordermirror run` and try again")
        return BUSY
    output.say("Restored. The next `ordermirror sync` fetches what has changed since the backup.")
    if replaced:
        output.say(f"What was there before is in {escape(str(replaced))}")
    return 0
