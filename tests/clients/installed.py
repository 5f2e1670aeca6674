"""The clients `make test-clients` installs, apart from our own environment, and running them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CLIENTS = ROOT / ".clients"
PYTHON = CLIENTS / "venv" / "bin" / "python"
MODULES = CLIENTS / "node_modules"
PROGRAMS = Path(__file__).parent / "programs"
_SECONDS = 60


def versions():
    """Name and version of each client, as its own package tells them."""
    told = "from importlib.metadata import version; print(version('b1sl-python'))"
    python = subprocess.run([PYTHON, "-c", told], capture_output=True, text=True, check=True)
    found = {"b1sl-python": python.stdout.strip()}
    for name in ("b1-service-layer", "node-sapb1"):
        found[name] = json.loads((MODULES / name / "package.json").read_text())["version"]
    return found


def run(program, act, address, *arguments, ca_file=None):
    """What a program of ours has a client do, in a process of its own; its answer.

    Raises AssertionError with all the client said if it failed.
    """
    command = [PYTHON] if program.endswith(".py") else ["node"]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    if ca_file:
        environment["SSL_CERT_FILE"] = str(ca_file)
    done = subprocess.run(
        [*command, PROGRAMS / program, act, address, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
