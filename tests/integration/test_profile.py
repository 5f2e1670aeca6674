"""A run tells where its time went."""

from __future__ import annotations

import pytest

from ordermirror.models import SyncRun
from ordermirror.phases import Phase


def test_the_phases_of_a_first_load_make_up_its_time(mirror):
    report = mirror.sync()

    spent = {phase for phase, took in report.phases.items() if took}
    assert spent >= set(Phase) - {Phase.READ}
    assert sum(report.phases.values()) == pytest.approx(report.seconds, rel=0.05, abs=0.05)


def test_the_phases_are_kept_with_the_run(mirror):
    report = mirror.sync()

    assert SyncRun.objects.get(pk=report.run).phases.keys() == report.phases.keys()
