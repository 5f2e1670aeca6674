"""`ordermirror serve`: the pages only."""

from __future__ import annotations

from argparse import Namespace

from django.conf import settings

from ordermirror.cli import output
from ordermirror.database import require_tables
from ordermirror.server import serve


def run(arguments: Namespace) -> int:
    require_tables()
    host, port = address(arguments)

    def started() -> None:
        output.say(f"OrderMirror is at {url(host, port)} (Ctrl-C ends it)")

    serve(host, port, on_start=started)
    return 0


def address(arguments: Namespace) -> tuple[str, int]:
    known = settings.ORDERMIRROR
    return arguments.host or known.host, arguments.port or known.port


def url(host: str, port: int) -> str:
    return f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}/"  # noqa: S104
