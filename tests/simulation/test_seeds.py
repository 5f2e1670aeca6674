"""Thousands of small worlds in which everything goes wrong; no promise is broken in any."""

from __future__ import annotations

import pytest

from tests.simulation.story import play
from tests.simulation.traits import GATEWAY

CHUNK = 100


@pytest.mark.parametrize("first", range(0, 2000, CHUNK))
def test_no_promise_is_broken_in_these_seeds(first):
    for seed in range(first, first + CHUNK):
        play(seed)


@pytest.mark.parametrize("first", range(0, 400, CHUNK))
def test_no_promise_is_broken_in_these_seeds_through_a_gateway(first):
    for seed in range(first, first + CHUNK):
        play(seed, source=GATEWAY)


def test_a_seed_always_tells_the_same_story():
    first, second = [], []

    play(11, log=first.append)
    play(11, log=second.append)

    assert first == second
    assert len(first) > 30


def test_a_gateway_may_never_show_the_order_that_has_a_number_after_a_restored_backup():
    """The mirror has the order that had it before, and proves that one gone."""
    play(4247, source=GATEWAY)
