"""One first load in a process of its own, with what it used: `python -m benchmarks.fat_load`.

With the word `whole` behind it, orders are asked for without `$select`.
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from benchmarks.pipes import tell
from benchmarks.worker import MAXRSS_UNITS_A_MB
from ordermirror.sap import query

WHOLE = "whole"
MEMORY = "MB resident at most"


def main(words: list[str]) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    from benchmarks.systems import refreshed

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    with without_select() if WHOLE in words else nullcontext():
        rows = refreshed(datetime.now(UTC))
    used = resource.getrusage(resource.RUSAGE_SELF)
    tell(
        {
            "wall s": time.perf_counter() - began,
            "CPU s": used.ru_utime + used.ru_stime,
            "rows": rows,
            MEMORY: used.ru_maxrss / MAXRSS_UNITS_A_MB,
        }
    )


def without_select() -> AbstractContextManager[Any]:
    return patch("ordermirror.sap.service_layer.path", _path)


def _path(entity: str, *options: str) -> str:
    kept = (it for it in options if not (it.startswith("$select=") and "DocumentLines" in it))
    return query.path(entity, *kept)


if __name__ == "__main__":
    main(sys.argv[1:])
