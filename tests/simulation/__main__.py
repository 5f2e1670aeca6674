"""Play seeds: `python -m tests.simulation 0-50000`, or one seed, whose steps are printed.

With `--source gateway` in front, the mirror reads from a gateway instead of the Service Layer.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

CHUNK = 50


def prepare() -> None:
    """A database in memory with all tables, once for each process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    from django.db import connection

    django.setup()
    connection.creation.create_test_db(verbosity=0)


def play_some(seeds: range, source: str) -> tuple[list[tuple[int, str]], Counter[str]]:
    """The seeds that broke a promise, each with how, and how many worlds were of which kind."""
    from tests.simulation.story import play
    from tests.simulation.traits import Traits, dice, told

    failed, kinds = [], Counter()
    for seed in seeds:
        kinds.update(told(Traits.of(dice(seed), source)))
        try:
            play(seed, source=source)
        except Exception as exc:
            failed.append((seed, f"{type(exc).__name__}: {exc}"))
    return failed, kinds


def tell(line: str) -> None:
    print(line)  # noqa: T201 - this is a command


def play_all(seeds: range, source: str) -> int:
    started, played, failures, kinds = time.monotonic(), 0, 0, Counter()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(initializer=prepare) as pool:
        results = pool.map(partial(play_some, source=source), chunks)
        for chunk, (failed, of_kind) in zip(chunks, results, strict=True):
            played += len(chunk)
            kinds += of_kind
            for seed, problem in failed:
                tell(f"seed {seed}: {problem}")
            failures += len(failed)
    seconds = time.monotonic() - started
    tell(f"{played} seeds in {seconds:.0f} s, {failures} of them broke a promise")
    for kind, worlds in sorted(kinds.items()):
        tell(f"{worlds:6} {kind}")
    return min(failures, 1)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--source", choices=("service_layer", "gateway"), default="service_layer")
    parser.add_argument("seeds", nargs="?", default="0-2000")
    chosen = parser.parse_args(arguments)
    first, _, last = chosen.seeds.partition("-")
    if last:
        return play_all(range(int(first), int(last)), chosen.source)
    prepare()
    from tests.simulation.story import play

    play(int(first), log=tell, source=chosen.source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
