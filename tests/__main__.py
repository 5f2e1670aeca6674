"""`make test`: all tests on SQLite, then those that need a database once more on each server.

Words are passed on to pytest. Two checkouts on one machine do not meet: the databases that the
tests are run in are named after the checkout's folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.acceptance import brokers
from tests.acceptance.engines import FOUND, MISSING, Engine

ROOT = Path(__file__).parent.parent
DATABASE = f"ordermirror_{zlib.crc32(str(ROOT).encode()):08x}"
PASSED, NOTHING_SELECTED = int(pytest.ExitCode.OK), int(pytest.ExitCode.NO_TESTS_COLLECTED)
ABORTED = (int(pytest.ExitCode.INTERRUPTED), int(pytest.ExitCode.USAGE_ERROR))
OUTCOMES = {PASSED: "passed", NOTHING_SELECTED: "no test of these needs a database"}


def main(words: list[str]) -> int:
    say(f"Databases: {', '.join(['sqlite', *(engine.name for engine in FOUND)])}", *uncovered())
    codes = {"sqlite": run(words)}
    for engine in FOUND:
        if not set(codes.values()) & set(ABORTED):
            codes[engine.name] = run(["--database-bound", *words], engine)
    told = [f"{name}: {OUTCOMES.get(code, 'FAILED')}" for name, code in codes.items()]
    say(*told, *uncovered())
    return verdict(codes)


def run(words: list[str], engine: Engine | None = None) -> int:
    """One pytest; its exit code."""
    say(f"Tests on {engine.name if engine else 'sqlite'}")
    environment = {key: value for key, value in os.environ.items() if key != "TEST_DATABASE_URL"}
    if engine:
        environment["TEST_DATABASE_URL"] = engine.url(DATABASE)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def verdict(codes: dict[str, int]) -> int:
    """The first failure; a selection that holds no database-bound test is none."""
    failed = [code for code in codes.values() if code not in (PASSED, NOTHING_SELECTED)]
    if failed:
        return failed[0]
    if PASSED not in codes.values():
        return NOTHING_SELECTED
    if os.environ.get("CI") and uncovered():
        say("In CI every database and every broker must be covered.")
        return int(pytest.ExitCode.TESTS_FAILED)
    return PASSED


def uncovered() -> list[str]:
    databases = [f"{name}: NOT COVERED, {why}" for name, why in MISSING.items() if why]
    return databases + brokers.uncovered()


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"== {line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(int(pytest.ExitCode.INTERRUPTED))
