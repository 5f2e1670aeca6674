"""A log file that several processes write and rotate, on Windows as elsewhere.

Python's own rotating handler keeps the file open: on Windows it can't be renamed then, elsewhere
the other processes go on writing to the one that was put away. Logs are quiet, so each line can
afford to open the file anew, under a lock, while no one else has it open.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import sys
from pathlib import Path

from ordermirror.file_lock import alone

PATIENCE_SECONDS = 10.0


class SharedFile(logging.Handler):
    """Appends to `filename`. Beyond `max_bytes` it becomes `filename.1`, the former one
    `filename.2`, and so on; `kept` of them stay."""

    def __init__(self, filename: str, max_bytes: int, kept: int) -> None:
        super().__init__()
        self._file = Path(filename)
        self._max_bytes, self._kept = max_bytes, kept

    def emit(self, record: logging.LogRecord) -> None:
        line = (self.format(record) + "\n").encode(errors="backslashreplace")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with alone(_beside(self._file, "lock"), patience_seconds=PATIENCE_SECONDS):
                if self._is_full(len(line)):
                    self._rotate()
                with self._file.open("ab") as file:
                    file.write(line)
        except (OSError, sqlite3.Error) as exc:
            told = f"can't log to {self._file} ({exc}):\n{line.decode()}"
            sys.stderr.write(told)

    def _is_full(self, more: int) -> bool:
        try:
            size = self._file.stat().st_size
        except FileNotFoundError:
            return False
        return size > 0 and size + more > self._max_bytes

    def _rotate(self) -> None:
        """On Windows a file that somebody looks at stays where it is, and grows until the next."""
        with contextlib.suppress(PermissionError):
            for number in range(self._kept - 1, 0, -1):
                older = _beside(self._file, str(number))
                if older.exists():
                    os.replace(older, _beside(self._file, str(number + 1)))
            os.replace(self._file, _beside(self._file, "1"))


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.name}.{ending}")
