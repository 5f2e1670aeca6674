"""Another process of the benchmark's own, asked over a pipe: a line of JSON there, one back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any


class Other:
    """The other process. Raises RuntimeError when it has ended instead of answering."""

    def __init__(self, told: IO[str], tells: IO[str]) -> None:
        self._told, self._tells = told, tells

    def hear(self) -> Any:
        answer = self._tells.readline()
        if not answer:
            raise RuntimeError("a process of the benchmark failed; its traceback is above")
        return json.loads(answer)

    def ask(self, what: str, **how: Any) -> Any:
        self._told.write(json.dumps({"what": what} | how) + "\n")
        self._told.flush()
        return self.hear()


@contextmanager
def other_process(*program: str, environment: Mapping[str, str] | None = None) -> Iterator[Other]:
    """`python -m` these words; ended with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *program],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdin is not None  # noqa: S101 - a pipe
            assert process.stdout is not None  # noqa: S101 - a pipe
            yield Other(process.stdin, process.stdout)
        finally:
            process.terminate()


def tell(answer: Any) -> None:
    """From the other process."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def heard() -> Iterator[dict[str, Any]]:
    """In the other process: what it is asked, until nobody asks any more."""
    return map(json.loads, sys.stdin)
