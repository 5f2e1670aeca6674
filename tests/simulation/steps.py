"""A scripted first load and refresh, to be failed at one step after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.simulation import database
from tests.simulation.crashes import Failure
from tests.simulation.story import Story
from tests.simulation.traits import SERVICE_LAYER, Traits
from tests.simulation.world import World

PHASES = ("first load", "refresh")
SCRIPT = Traits(
    orders=5,
    stamps_all=True,
    page_size=2,
    light_page_size=3,
    version=2,
    unrest=0.0,
    kinds=("business",),
    faults=(),
    without=None,
)


def begin(phase: str, source: str = SERVICE_LAYER) -> Story:
    """A world at the moment before the run that is to fail."""
    database.begin_anew()
    story = Story(World(4, traits=replace(SCRIPT, source=source)))
    if phase == "refresh":
        story.run()
        for _ in range(5):
            story.world.act("business")
        for act in ("edit", "spoil"):
            story.world.act(act)
    return story


def steps_of(phase: str, source: str = SERVICE_LAYER) -> Counter[str]:
    story = begin(phase, source)
    story.run()
    return story.world.fuse.counted.copy()


def fail_each(phase: str, at: str, what: str, when: str, *, source: str = SERVICE_LAYER) -> int:
    """Fail the n-th step of a kind, for every n, and see that the next runs mend it."""
    steps = steps_of(phase, source)[at]
    for nth in range(1, steps + 1):
        try:
            _fail(begin(phase, source), Failure(at, nth, what, when))
        except Exception as exc:
            exc.add_note(f"{phase}: {what} {when} {at} {nth} of {steps}")
            raise
    return steps


def _fail(story: Story, failure: Failure) -> None:
    story.run(failure=failure)
    assert story.world.fuse.blown
    story.world.come_to_rest()
    story.run()
    story.watch.equals_the_source()
    story.world.ours += timedelta(days=2)
    story.run()
    story.watch.equals_the_source()
