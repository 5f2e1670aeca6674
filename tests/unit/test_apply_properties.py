"""Documents applied in any order, again and again, older ones among them: the mirror stays true."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ordermirror import lease, models
from ordermirror.core.fetched import Batch, Document, KeyCoverage
from ordermirror.core.fingerprint import document_hash
from ordermirror.export import exported_orders
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.render import encode
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from tests import oracle
from tests.oracle import without_removed
from tests.simulation import database
from tests.simulation.database import COMPANY
from tests.simulation.invariants import changes_form_chains, kept_beside_the_orders_is_true

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ORDERS = Sandbox(SandboxOptions(orders=3, max_lines=4, seed=3, today=date(2026, 1, 5))).orders()
KEYS = [order["DocEntry"] for order in ORDERS]


def a_version(key: int, comments: str | None, left_out: int, status: str) -> dict:
    """An order with other comments and status, and without one of its lines."""
    order = deepcopy(next(order for order in ORDERS if order["DocEntry"] == key))
    order["Comments"], order["DocumentStatus"] = comments, status
    if len(order["DocumentLines"]) > 1:
        del order["DocumentLines"][left_out % len(order["DocumentLines"])]
    return order


VERSIONS = st.builds(
    a_version,
    st.sampled_from(KEYS),
    st.sampled_from([None, "", "one", "two"]),
    st.integers(0, 3),
    st.sampled_from(["bost_Open", "bost_Close", "bost_Unheard"]),
)


class ApplyMachine(RuleBasedStateMachine):
    """`shown` is what the mirror must show of each order, `read_at` when that was read."""

    def __init__(self) -> None:
        super().__init__()
        database.begin_anew()
        self.lease = lease.take(COMPANY)
        self.run = models.SyncRun.objects.create(company_id=COMPANY, started_at=NOON).pk
        self.shown: dict[int, dict] = {}
        self.read_at: dict[int, datetime] = {}
        self.clock = NOON

    @rule(versions=st.lists(VERSIONS, min_size=1, max_size=3, unique_by=lambda v: v["DocEntry"]))
    def apply_new(self, versions):
        self.clock += timedelta(minutes=1)

        self._apply(versions, self.clock)

        for version in versions:
            self.shown[version["DocEntry"]] = version
            self.read_at[version["DocEntry"]] = self.clock

    @rule(version=VERSIONS, minutes=st.integers(1, 30))
    def apply_one_that_was_read_earlier(self, version, minutes):
        key, read_at = version["DocEntry"], self.clock - timedelta(minutes=minutes)
        newer = read_at >= self.read_at.get(key, read_at)

        self._apply([version], read_at)

        if newer:
            self.shown[key], self.read_at[key] = version, read_at

    @rule()
    def apply_what_is_known_already(self):
        self.clock += timedelta(minutes=1)
        known = [self.shown[key] for key in sorted(self.shown)]

        applied = self._apply(known, self.clock)

        assert applied.rows_written == 0
        self.read_at |= dict.fromkeys(self.shown, self.clock)

    @rule(version=VERSIONS)
    def refuse_a_broken_one(self, version):
        self.clock += timedelta(minutes=1)
        broken = version | {"Cancelled": "tMAYBE"}

        applied = self._apply([broken], self.clock)

        assert (applied.quarantined, applied.rows_written) == (1, 0)
        assert models.Quarantine.objects.filter(
            company_id=COMPANY, doc_entry=version["DocEntry"]
        ).exists()

    @invariant()
    def the_mirror_shows_the_newest_read(self):
        orders = list(exported_orders(COMPANY))
        mirrored = {order["doc_entry"]: without_removed(order) for order in orders}
        assert mirrored == {key: oracle.expected(order) for key, order in self.shown.items()}
        changes_form_chains(orders)
        kept_beside_the_orders_is_true()

    def _apply(self, versions, read_at):
        documents = [
            Document(version["DocEntry"], encode(version), read_at)
            for version in sorted(versions, key=lambda version: version["DocEntry"])
        ]
        applying = Applying(
            lease=self.lease,
            run_id=self.run,
            decode=decode_order,
            now=lambda: self.clock,
            first_load=True,
            # Whatever looks torn has been read twice alike.
            doubted={it.doc_entry: document_hash(it.payload) for it in documents},
        )
        keys = frozenset(document.doc_entry for document in documents)
        return apply_batch(applying, Batch(tuple(documents), KeyCoverage(keys)))


@pytest.mark.one_database(reason="SQLite's own copying begins each example anew")
def test_whatever_is_applied_the_newest_read_is_shown(transactional_db):
    run_state_machine_as_test(
        ApplyMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
