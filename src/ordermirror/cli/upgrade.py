"""`ordermirror upgrade`: after a new version was installed."""

from __future__ import annotations

from argparse import Namespace

from ordermirror import upgrading
from ordermirror.cli import output
from ordermirror.errors import SyncAlreadyRunning

BUSY = 3


def run(arguments: Namespace) -> int:
    upgrade = upgrading.planned(backed_up=arguments.backed_up)
    if not upgrade.migrations:
        output.plain("The database is up to date.")
        return 0
    for name in upgrade.migrations:
        output.plain(f"{'would apply' if arguments.dry_run else 'applies'} {name}")
    if arguments.dry_run:
        if upgrade.file:
            output.plain(f"would back up to {upgrade.file} before")
        return 0
    try:
        upgrading.carry_out(upgrade)
    except SyncAlreadyRunning as exc:
        output.problem(f"{exc}; stop `ordermirror run` and try again")
        return BUSY
    if upgrade.file:
        output.plain(f"What was there before is in {upgrade.file}")
    output.plain("Upgraded, and checked.")
    return 0
