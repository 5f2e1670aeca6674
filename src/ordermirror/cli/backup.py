"""`ordermirror backup`: a copy of the SQLite file that is whole, while programs use it."""

from __future__ import annotations

from argparse import Namespace

from rich.markup import escape

from ordermirror.backup import back_up
from ordermirror.cli import output


def run(arguments: Namespace) -> int:
    back_up(arguments.file)
    megabytes = arguments.file.stat().st_size / 1e6
    output.say(f"Backed up to {escape(str(arguments.file))} ({megabytes:,.1f} MB), and checked.")
    return 0
