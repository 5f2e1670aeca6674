"""`ordermirror migrate`: prepare or upgrade the database."""

from __future__ import annotations

from argparse import Namespace

from ordermirror.cli import output
from ordermirror.database import migrate


def run(arguments: Namespace) -> int:
    applied = migrate()
    output.say(f"{applied} migrations applied." if applied else "The database is up to date.")
    return 0
