"""Play seeds: `python -m tests.simulation 0-50000`, or one seed, whose steps are printed."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

CHUNK = 50


def prepare() -> None:
    """A database in memory with all tables, once for each process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    from django.db import connection

    django.setup()
    connection.creation.create_test_db(verbosity=0)


def play_some(seeds: range) -> list[tuple[int, str]]:
    """The seeds that broke a promise, each with how."""
    from tests.simulation.story import play

    failed = []
    for seed in seeds:
        try:
            play(seed)
        except Exception as exc:
            failed.append((seed, f"{type(exc).__name__}: {exc}"))
    return failed


def tell(line: str) -> None:
    print(line)  # noqa: T201 - this is a command


def play_all(seeds: range) -> int:
    started, played, failures = time.monotonic(), 0, 0
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(initializer=prepare) as pool:
        for chunk, failed in zip(chunks, pool.map(play_some, chunks), strict=True):
            played += len(chunk)
            for seed, problem in failed:
                tell(f"seed {seed}: {problem}")
            failures += len(failed)
    seconds = time.monotonic() - started
    tell(f"{played} seeds in {seconds:.0f} s, {failures} of them broke a promise")
    return min(failures, 1)


def main(argument: str) -> int:
    first, _, last = argument.partition("-")
    if last:
        return play_all(range(int(first), int(last)))
    prepare()
    from tests.simulation.story import play

    play(int(first), log=tell)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "0-2000"))
