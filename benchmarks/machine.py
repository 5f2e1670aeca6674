"""On what machine something was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def described() -> dict[str, str]:
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": f"{os.cpu_count()} × {_processor()}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "django": version("django"),
        "sqlite": sqlite3.sqlite_version,
        "load when it began": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor()
    names = [
        line.partition(":")[2].strip()
        for line in information.read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor()
