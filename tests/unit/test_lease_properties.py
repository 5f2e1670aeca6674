"""Leases taken, lost, released and expired in any order: only the last taker ever writes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ordermirror import lease, models
from ordermirror.errors import LeaseLost, SyncAlreadyRunning
from tests.simulation import database
from tests.simulation.database import COMPANY


class LeaseMachine(RuleBasedStateMachine):
    """`holder` is the fence of who may write now; `free` whether another may take it."""

    def __init__(self) -> None:
        super().__init__()
        database.begin_anew()
        self.taken: list[lease.Lease] = []
        self.free = True

    @rule()
    def take(self):
        try:
            held = lease.take(COMPANY)
        except SyncAlreadyRunning:
            assert not self.free
            return
        assert self.free
        assert all(held.fence > earlier.fence for earlier in self.taken)
        self.taken.append(held)
        self.free = False

    @rule()
    def time_passes(self):
        changed = models.Lease.objects.filter(company_id=COMPANY).exclude(holder="")
        if changed.update(expires_at=Now() - timedelta(seconds=1)):
            self.free = True

    @rule(which=st.integers(0, 5))
    def release(self, which):
        if self.taken:
            one = self.taken[which % len(self.taken)]
            one.release()
            if one is self.taken[-1]:
                self.free = True

    @rule(which=st.integers(0, 5))
    def write(self, which):
        if not self.taken:
            return
        one = self.taken[which % len(self.taken)]
        try:
            with one.transaction():
                models.Pending.objects.filter(company_id=COMPANY).delete()
                models.Pending.objects.create(
                    company_id=COMPANY,
                    doc_entry=one.fence,
                    probe="hint",
                    found_at=database.LONG_AGO,
                )
        except LeaseLost:
            assert one is not self.taken[-1]
        else:
            assert one is self.taken[-1]
            self._renewed()

    @invariant()
    def nobody_writes_over_a_later_taker(self):
        written = models.Pending.objects.filter(company_id=COMPANY).values_list(
            "doc_entry", flat=True
        )
        assert all(fence <= self.taken[-1].fence for fence in written)

    def _renewed(self) -> None:
        """A write renews a lease that has run out, unless it had been given back."""
        row = models.Lease.objects.get(company_id=COMPANY)
        self.free = row.holder == ""


@pytest.mark.one_database(reason="SQLite's own copying begins each example anew")
def test_only_the_last_taker_writes(transactional_db):
    run_state_machine_as_test(
        LeaseMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
