"""Two workers at all times; workers and database servers are killed, workers are paused.

KILLS=500 plays each story so many times; it prints what happened.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.acceptance import fence_log, servers
from tests.acceptance.arena import Arena, arena
from tests.acceptance.support import Installation

KILLS = int(os.environ.get("KILLS", "0"))
ENGINES = [
    "sqlite",
    *(name for name, kind in servers.SERVERS.items() if not kind.missing()),
]
STORIES = {
    "worker": (Arena.kill_a_worker, 26),
    "server": (Arena.kill_the_server, 8),
    "paused": (Arena.pause_the_holder, 4),
}
PLAYED = [
    (engine, what)
    for engine in ENGINES
    for what in STORIES
    if engine != "sqlite" or what != "server"
]


@pytest.mark.parametrize(("engine", "what"), PLAYED)
def test_nothing_stale_is_committed_and_the_mirror_converges(engine, what, tmp_path, capsys):
    strike, times = STORIES[what]
    with arena(engine, Installation(tmp_path, ""), seed=5) as played:
        for _ in range(KILLS or times):
            played.round(lambda: strike(played))

        assert played.takeovers > (KILLS or times)
        assert played.written > played.takeovers
        with capsys.disabled():
            sys.stdout.write(
                f"\n{engine}, {what}: {KILLS or times} strikes, {played.takeovers} leases, "
                f"{played.written} rows, ended {dict(sorted(played.told.items()))}\n"
            )


TAKEN = None


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ([(1, TAKEN), (1, 7), (2, TAKEN), (2, 8), (2, 8)], 0),
        ([(1, TAKEN), (1, 7), (2, TAKEN), (2, 8), (1, 7)], 1),
        ([(1, TAKEN), (1, 7), (2, TAKEN), (2, 8), (2, 7)], 1),
        ([(1, TAKEN), (1, 7), (2, TAKEN), (2, 7)], 1),
        ([(2, TAKEN), (1, TAKEN)], 1),
    ],
)
def test_a_write_of_a_run_that_was_overtaken_would_be_seen(log, found):
    assert len(fence_log.stale(log)) == found


@pytest.mark.parametrize("name", servers.SERVERS)
def test_each_server_can_be_started_here(name):
    """Or else its kills were not played; in CI that is a failure."""
    missing = servers.SERVERS[name].missing()
    if missing and not os.environ.get("CI"):
        pytest.skip(f"NOT KILLED: {name} can't be started by a test here ({missing})")

    assert missing == ""
