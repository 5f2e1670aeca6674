"""What a run's report keeps of what went wrong."""

from __future__ import annotations

from ordermirror.core.report import LONGEST_WARNING, MOST_WARNINGS, RunReport
from ordermirror.errors import BadAnswer, SAPUnavailable


def test_a_warning_is_kept_once():
    report = RunReport(run=1)

    for _time in range(3):
        report.warn("deliveries: refused")

    assert report.warnings == ["deliveries: refused"]


def test_warnings_are_few_and_short():
    report = RunReport(run=1)

    for number in range(MOST_WARNINGS + 5):
        report.warn(f"{number} " + "x" * 1000)

    assert len(report.warnings) == MOST_WARNINGS
    assert {len(it) for it in report.warnings} == {LONGEST_WARNING}


def test_the_first_error_is_kept_with_its_request():
    report = RunReport(run=1)

    report.failed("open", SAPUnavailable("busy").about("GET", "/Orders?$filter=secret", 503))
    report.failed("changed", BadAnswer("no page"))

    assert report.first_error == {
        "probe": "open", "method": "GET", "path": "/Orders", "status": 503, "message": "busy",
    }  # fmt: skip


def test_the_request_that_is_nearest_to_an_error_is_the_one_behind_it():
    error = SAPUnavailable("no session").about("POST", "/Login", 500).about("GET", "/Orders")

    assert error.asked is not None
    assert error.asked.path == "/Login"


def test_an_error_without_a_request_tells_none():
    report = RunReport(run=1)

    report.failed("open", BadAnswer("rows moved"))

    assert (report.first_error["method"], report.first_error["path"]) == ("", "")
