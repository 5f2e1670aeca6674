"""A first load and a refresh, failed at each request, statement and commit in turn.

After every one of them all invariants hold, and the next run ends equal to the source.
"""

from __future__ import annotations

import logging

import pytest

from tests.simulation.steps import PHASES, fail_each, steps_of
from tests.simulation.traits import GATEWAY, SERVICE_LAYER

SOURCES = (SERVICE_LAYER, GATEWAY)

HOW = [
    ("request", "crash", "before"),
    ("request", "crash", "after"),
    ("request", "error", "after"),
    ("statement", "crash", "before"),
    ("statement", "error", "before"),
    ("statement", "refused", "before"),
    ("commit", "crash", "before"),
    ("commit", "crash", "after"),
    ("commit", "error", "before"),
    ("commit", "error", "after"),
]


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("at", "what", "when"), HOW)
def test_the_next_run_converges_wherever_this_one_failed(phase, at, what, when, source):
    failed = fail_each(phase, at, what, when, source=source)

    assert failed >= 3


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("phase", PHASES)
def test_the_script_has_steps_worth_failing(phase, source):
    counted = steps_of(phase, source)

    assert counted["request"] >= 6
    assert counted["statement"] >= 30
    assert counted["commit"] >= 3
