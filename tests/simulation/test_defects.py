"""Would the simulator notice? Mistakes made on purpose; each must be caught.

The same worlds and scripts pass when the mistake is taken out again.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation import gateway_defects, scope_defects, scripts
from tests.simulation.defects import DEFECTS, NOTICED_AT, Mutant, made
from tests.simulation.invariants import Violation
from tests.simulation.story import play
from tests.simulation.traits import Traits

WITHIN = 120
"""So many seeds are played before a mistake counts as not noticed."""

CALM = Traits(
    orders=10,
    stamps_all=False,
    page_size=3,
    light_page_size=3,
    version=2,
    unrest=0.3,
    kinds=("business", "edit"),
    faults=(),
    without=None,
)
DROPPING = replace(CALM, kinds=("business", "fault"), faults=("dropped_row",))
FAILING = replace(CALM, kinds=("business", "fault"), faults=("html", "http_503"))
MIDNIGHT = replace(CALM, kinds=("edit", "sap_jump"))
SWAPPING = replace(CALM, kinds=("business", "edit"), between=("swap",))
DOUBTFUL = replace(SWAPPING, without="changed")
HIDING = replace(CALM, kinds=("business", "hide", "show"), brake=1)
DELIVERING = replace(CALM, unrest=0.0, kinds=("business",), orders=12)
TEARING = replace(CALM, kinds=("edit", "tear_order"))
OWNING = replace(CALM, kinds=("drop_line", "own"))
SPOILING = replace(CALM, kinds=("business", "spoil", "heal"))

BY_GATEWAY = replace(CALM, source="gateway")
MOVING = replace(BY_GATEWAY, kinds=("flip",), unrest=0.15, orders=12, page_size=2)

SCOPED = replace(CALM, scoped=True, orders=12)

WORLDS = {
    "a short page ends the scan": DROPPING,
    "the count of rows is ignored": DROPPING,
    "pages are asked for by offset": DROPPING,
    "a page that failed is skipped": FAILING,
    "a probe that failed counts as complete": FAILING,
    "a light row is known by its stamp alone": replace(CALM, kinds=("flip",)),
    "removed lines stay current": replace(CALM, kinds=("drop_line",)),
    "nothing is looked back at": MIDNIGHT,
    "an order without lines empties the stored one": SPOILING,
    "another company is taken for ours": SWAPPING,
    "a run goes on though SAP did not show who it is": DOUBTFUL,
    "the brake is not pulled": HIDING,
    "an order is missing at first sight": CALM,
    "what a delivery changed is forgotten": DELIVERING,
    "a torn order is taken at once": TEARING,
    "lines keep the manufacturer that their item had": replace(CALM, kinds=("reassign",)),
    "people's own values go with a removed line": OWNING,
    "a document that can't be taken is dropped": SPOILING,
    "orders of dropped customers stay shown": SCOPED,
    "hidden orders stay in the totals": SCOPED,
    "a hidden order that has not changed stays hidden": SCOPED,
    "what a wider scope lacks is not loaded": SCOPED,
    "a backfill goes on where an earlier one ended": SCOPED,
    "what is lacking is thought to be loaded": SCOPED,
    "absence from a gateway's open set closes an order": replace(BY_GATEWAY, kinds=("remove",)),
    "an order that left a gateway's open set is forgotten": BY_GATEWAY,
    "older days of a gateway are passed without being read": replace(SCOPED, source="gateway"),
    "a gateway's page that failed is skipped": replace(FAILING, source="gateway"),
    "a gateway's set that moved is trusted": MOVING,
    "a gateway's count is ignored": replace(DROPPING, source="gateway"),
    "a gateway's short page ends its set": replace(DROPPING, source="gateway"),
    "one reading of a gateway that does not count is enough": replace(MOVING, counting="none"),
    "another company behind a gateway is taken for ours": replace(SWAPPING, source="gateway"),
}
"""Mistakes that show best in a world where their occasion is frequent."""

SCRIPTED = {
    "a load goes on one order too late": scripts.a_killed_statement_leaves_no_half_a_batch,
    "a batch is not one transaction": scripts.a_killed_statement_leaves_no_half_a_batch,
    "positions move before what was found is owed": (
        scripts.whatever_commit_is_the_last_one_nothing_is_lost
    ),
    "rows that were not asked for are accepted": (
        scripts.rows_that_were_not_asked_for_are_not_taken
    ),
    "rows out of order are accepted": scripts.rows_out_of_order_fail_a_probe,
    "rows sent twice are accepted": scripts.rows_sent_twice_fail_a_probe,
    "an ended session is not renewed": (
        scripts.an_ended_session_is_renewed_and_the_request_repeated
    ),
    "an older document overwrites a newer one": (
        scripts.an_older_document_never_overwrites_a_newer_one
    ),
    "the fence is only selected": scripts.every_transaction_begins_with_an_update_of_the_fence,
}
"""Mistakes that need a moment which seeds seldom hit."""

SEEDED = [name for name in DEFECTS if name not in SCRIPTED]


def caught_at(name: str) -> int | None:
    """A seed in which the simulator notices the mistake; first tried is the one that did so."""
    with made(name):
        for seed in dict.fromkeys([NOTICED_AT[name], *range(WITHIN)]):
            try:
                play(seed, traits=WORLDS.get(name))
            except Violation:
                return seed
    return None


@pytest.mark.parametrize("name", SEEDED)
def test_the_simulator_notices_that(name):
    seed = caught_at(name)

    assert seed is not None
    play(seed, traits=WORLDS.get(name))


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_script_notices_that(name):
    script = SCRIPTED[name]

    with made(name), pytest.raises(AssertionError):
        script()

    script()


def test_a_mistake_that_cannot_be_made_any_more_is_told():
    with pytest.raises(KeyError):
        Mutant().swap(scripts, "no_such_function", lambda old: old)


def test_there_are_many_mistakes():
    assert len(DEFECTS) >= 40
    assert set(SCRIPTED) <= set(DEFECTS)
    assert set(WORLDS) <= set(SEEDED)
    assert gateway_defects.DEFECTS is DEFECTS
    assert scope_defects.DEFECTS is DEFECTS
