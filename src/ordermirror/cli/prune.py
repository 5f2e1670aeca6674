"""`ordermirror prune`: let go what is old; `ordermirror run` does so daily."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from django.conf import settings
from django.utils import timezone

from ordermirror import retention
from ordermirror.cli import output
from ordermirror.database import require_tables


def run(arguments: Namespace) -> int:
    require_tables()
    known, now = settings.ORDERMIRROR, timezone.now()
    work = retention.prunable if arguments.dry_run else retention.prune
    counts = asdict(work(known, now=now))
    del counts["finished"]
    if arguments.json:
        output.json(counts)
    else:
        title = "Would be let go" if arguments.dry_run else "Let go"
        output.pairs(title, [(name, f"{number:,}") for name, number in counts.items()])
    return 0
