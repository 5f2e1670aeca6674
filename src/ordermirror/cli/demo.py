"""`ordermirror demo`: the real commands, one after the other, on a pretend SAP."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ordermirror import conf
from ordermirror.cli import output
from ordermirror.cli.signals import terminated_like_interrupted
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.server import is_free

PATIENCE_SECONDS = 25
USER = "demo"


def run(arguments: Namespace) -> int:
    output.say(f"Making up a company with {arguments.orders:,} sales orders …")
    sandbox = Sandbox(SandboxOptions(orders=arguments.orders, seed=arguments.seed))
    with (
        terminated_like_interrupted(),
        _data_dir(arguments.data_dir) as data_dir,
        sandbox.serving() as address,
    ):
        url = address.gateway_url if arguments.source == conf.GATEWAY else address.url(2)
        environment = _environment(data_dir, arguments.source, url, sandbox.options)
        output.say(f"A pretend SAP Business One answers at {url}")
        done = _command(environment, "sync")
        if done or arguments.no_serve:
            return done
        with sandbox.run_business(arguments.business):
            return _serve(arguments, environment)


def _serve(arguments: Namespace, environment: dict[str, str]) -> int:
    password = secrets.token_urlsafe(9)
    may = [word for right in ("note", "approve", "price", "steer") for word in ("--may", right)]
    _command(environment, "user", "add", USER, *may, "--password-stdin", typed=password)
    port = arguments.port or _free_port(8000)
    seconds = int(arguments.every.total_seconds())
    output.say(f"\nOpen  [bold]http://localhost:{port}/[/bold]")
    output.say(f"Log in as  [bold]{USER}[/bold]  with password  [bold]{password}[/bold]")
    output.say(
        f"Business goes on: {arguments.business:g} events a minute, "
        f"a refresh every {seconds} seconds.\n"
    )
    return _command(environment, "run", "--port", str(port), "--every", f"{seconds}s")


def _command(environment: dict[str, str], *words: str, typed: str | None = None) -> int:
    """Run one of our own commands as a user would; ends it too when this program is ended."""
    program = [sys.executable, "-m", "ordermirror", *words]
    with subprocess.Popen(  # noqa: S603 - our own program
        program,
        env=environment,
        cwd=environment["ORDERMIRROR_DATA_DIR"],
        stdin=subprocess.PIPE if typed else None,
        text=True,
    ) as process:
        try:
            process.communicate(typed)
        except KeyboardInterrupt:
            _end(process)
            return 0
        return process.returncode


def _end(process: subprocess.Popen[str]) -> None:
    """A Ctrl-C reaches the child too; anything else does not, so tell it."""
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _environment(data_dir: Path, source: str, url: str, options: SandboxOptions) -> dict[str, str]:
    """Neither a developer's own variables nor an .env file may leak into the demonstration."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDERMIRROR_")}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "ordermirror.project.settings",
        "ORDERMIRROR_DATA_DIR": str(data_dir),
        "ORDERMIRROR_EVERY": "1m",
        "ORDERMIRROR_SOURCE": source,
        "ORDERMIRROR_GATEWAY_URL" if source == conf.GATEWAY else "ORDERMIRROR_SAP_URL": url,
        "ORDERMIRROR_SAP_COMPANY_DB": options.company_db,
        "ORDERMIRROR_SAP_USER": options.user,
        "ORDERMIRROR_SAP_PASSWORD": options.password,
    }


@contextmanager
def _data_dir(chosen: Path | None) -> Iterator[Path]:
    if chosen:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen
        return
    with tempfile.TemporaryDirectory(
        prefix="ordermirror-demo-", ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


def _free_port(wanted: int) -> int:
    """The wanted port, or any other when it is taken."""
    if is_free("127.0.0.1", wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
