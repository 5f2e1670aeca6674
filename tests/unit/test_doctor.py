"""What the doctor makes of what it sees."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ordermirror.doctor import local, sap, updates
from ordermirror.doctor.findings import Level, fail
from ordermirror.doctor.updates import CANCEL, EDIT, PART, REST, Measured, Probed, Verdict
from ordermirror.sap.transport import Answer

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def asked(status=200, body=b"", **headers) -> sap.Asked:
    return sap.Asked(Answer(status, headers, body), "", 0.1, NOW)


def page(rows: int, *, count: int) -> Answer:
    return asked(body=json.dumps({"@odata.count": count, "value": [{}] * rows}).encode()).answer


def refused(status: int) -> sap.Asked:
    words = {"error": {"code": "-1", "message": "no permission"}}
    return asked(status, json.dumps(words).encode())


def told(*verdicts: Verdict, to_the_second=True) -> str:
    steps = zip((EDIT, PART, REST, CANCEL), verdicts, strict=False)
    probed = Probed(tuple(Measured(*step) for step in steps), to_the_second, False)
    return "\n".join(updates.meaning(probed))


def test_a_secret_is_blotted_out_of_what_others_say():
    finding = fail("login", "wrong password hunter2", "not hunter2")

    assert finding.without(["hunter2", None]) == fail("login", "wrong password ***", "not ***")


@pytest.mark.parametrize(
    ("free", "level"),
    [(99_000_000, Level.FAIL), (999_000_000, Level.WARN), (10**9, Level.OK)],
)
def test_free_disk_space_is_judged(tmp_path, free, level):
    settings = local.settings({"ORDERMIRROR_DATA_DIR": str(tmp_path)})[0]

    (finding,) = local.data_folder(settings, free_bytes=free)

    assert finding.level is level


@pytest.mark.parametrize(
    ("offset", "level"),
    [(timedelta(seconds=90), Level.OK), (timedelta(minutes=3), Level.WARN),
     (timedelta(minutes=-3), Level.WARN)],
)  # fmt: skip
def test_a_clock_that_is_minutes_off_is_a_warning(offset, level):
    date = format_datetime(NOW + offset, usegmt=True)

    assert sap.clock_offset(asked(Date=date)).level is level


def test_a_date_that_is_none_is_no_reason_to_worry():
    assert sap.clock_offset(asked(Date="some day")).level is Level.OK


@pytest.mark.parametrize(
    ("rows", "count", "level"), [(50, 900, Level.OK), (20, 900, Level.WARN), (20, 20, Level.OK)]
)
def test_a_page_that_is_smaller_than_asked_for_is_a_warning(rows, count, level):
    assert sap.page_size(page(rows, count=count)).level is level


@pytest.mark.parametrize("status", [400, 403, 404])
def test_orders_that_may_not_be_read_are_a_failure(status):
    finding = sap.permission(sap.NEEDS[0], refused(status))

    assert finding.level is Level.FAIL
    assert "no permission" in finding.detail
    assert "nothing can be mirrored" in finding.mend


def test_a_portal_that_answers_in_saps_place_is_a_failure():
    finding = sap.permission(sap.NEEDS[0], asked(body=b"<html>Sign in</html>"))

    assert (finding.level, "it is HTML" in finding.detail) == (Level.FAIL, True)


def test_deliveries_without_a_stamp_need_follow_ups_and_audit():
    said = told(Verdict.MOVED, Verdict.STAYED)

    assert "Deliveries do not move UpdateDate here" in said
    assert "follow-ups) and the audit; keep both on" in said


def test_a_step_that_was_skipped_means_nothing():
    assert told(Verdict.SKIPPED, Verdict.SKIPPED) == "UpdateTime is to the second."


def test_a_step_within_the_same_minute_must_be_repeated():
    assert "do it again with another order" in told(Verdict.UNCLEAR, to_the_second=None)


def test_a_stamp_to_the_minute_is_explained():
    assert "UpdateTime is to the minute" in told(Verdict.MOVED, to_the_second=False)
