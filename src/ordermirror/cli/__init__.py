"""The command line: a door. Each command reads its arguments, calls one function and reports.

Exit codes: 0 done, 1 failed or incomplete, 2 misuse or wrong settings, 3 another run is busy.
"""

from __future__ import annotations

from ordermirror.cli.main import main

__all__ = ["main"]
