"""Serving the pages with Granian, on every platform Python runs on."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable

from django.conf import settings
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ordermirror.errors import OrderMirrorError

PATIENCE_SECONDS = 10


class AddressTaken(OrderMirrorError):
    """Another program listens on the address."""


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":
            # As servers do: an address that was just left is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def serve(host: str, port: int, *, on_start: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM; `on_start` is called when the address is taken.

    Raises AddressTaken when another program listens there.
    """
    if not is_free(host, port):
        raise AddressTaken(f"another program listens on {host}:{port}; choose a port with --port")
    # Pages are served by a new interpreter on every system, as on Windows: a forked one would
    # inherit whatever locks the scheduler's thread holds at that moment.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "ordermirror.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=2 * (os.cpu_count() or 1),
        workers_kill_timeout=PATIENCE_SECONDS,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=settings.LOGGING,
    )
    server.on_startup(on_start)
    server.serve()
