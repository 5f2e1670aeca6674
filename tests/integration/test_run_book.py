"""What the book of runs keeps beside the counts: retries, warnings, the first error, progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ordermirror.models import SyncRun
from ordermirror.sandbox import Fault
from tests.support import answers, gateway_mirrored

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def newest():
    return SyncRun.objects.latest("id")


def probe(run, name):
    return next(it for it in run.probes if it["probe"] == name)


def test_retries_are_kept_of_each_probe_and_of_the_run(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="http_503", path="DeliveryNotes", times=2))

    mirror.sync()

    run = newest()
    assert run.outcome == "complete"
    assert run.retries == 2
    assert probe(run, "deliveries")["retries"] == 2
    assert probe(run, "changed")["retries"] == 0


def test_a_request_that_was_put_again_is_a_warning_once(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="http_503", path="DeliveryNotes", times=2))

    mirror.sync()

    (warning,) = newest().warnings
    assert warning.startswith("asked again, GET /DeliveryNotes: SAP answered 503")


def test_an_optional_probe_that_failed_is_a_warning(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="redirect", path="DeliveryNotes", times=None))

    mirror.sync()

    run = newest()
    assert [it for it in run.warnings if "deliveries: SAP's address answered with a redirect" in it]
    assert run.first_error["probe"] == "deliveries"


def test_first_error_names_the_request_behind_it_without_its_filter(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="html", path="Orders", times=None))

    mirror.sync()

    error = newest().first_error
    assert (error["method"], error["path"], error["status"]) == ("GET", "/Orders", 200)
    assert error["probe"] == "changed"
    assert error["message"].startswith("SAP's answer is not a page of rows")


def test_first_error_of_a_refused_login_is_the_login(mirror):
    mirror.sync()
    mirror.password = "wrong"

    mirror.sync()

    error = newest().first_error
    assert (error["method"], error["path"], error["status"]) == ("POST", "/Login", 401)


def test_first_error_of_a_server_that_is_gone_has_no_status(mirror):
    mirror.url = "http://127.0.0.1:9/b1s/v2"

    mirror.sync()

    assert newest().first_error["path"] == "/Login"
    assert newest().first_error["status"] is None


def test_a_run_without_trouble_keeps_nothing_of_it(mirror):
    mirror.sync()
    mirror.sync()

    run = newest()
    assert (run.retries, run.warnings, run.first_error) == (0, [], {})
    assert (run.done, run.total) == (None, None)


def test_a_first_load_keeps_how_far_it_came(mirror):
    mirror.sync()

    run = newest()
    assert (run.first_load, run.done, run.total) == (True, 120, 120)


def watched(mirror, clock):
    """What others see of the run with each answer to a question for whole orders."""
    seen = []

    def looking(url, answer):
        if "DocumentLines" in url:
            seen.append(SyncRun.objects.values_list("outcome", "done", "total").latest("id"))
        return answer

    answers(mirror, looking)
    mirror.parallel = 0
    mirror.sync(clock=clock)
    return seen


def test_a_first_load_tells_its_progress_while_it_runs(mirror):
    moments = iter(range(10_000))

    seen = watched(mirror, lambda: NOW + next(moments) * SECOND)

    assert seen[0] == ("running", 0, 120)
    steps = [done for _outcome, done, _total in seen]
    assert len(set(steps)) > 2
    assert steps == sorted(steps)


def test_progress_is_written_once_a_second_at_the_most(mirror):
    seen = watched(mirror, lambda: NOW)

    assert len(seen) > 2
    assert {done for _outcome, done, _total in seen} == {0}


def test_a_first_load_from_a_gateway_tells_what_came_so_far(transactional_db):
    seen = []

    def looking(_url, answer):
        seen.append(SyncRun.objects.values_list("first_load", "done", "total").latest("id"))
        return answer

    with gateway_mirrored() as mirror:
        answers(mirror, looking)
        mirror.sync()

    run = newest()
    assert seen[0] == (True, 0, None)
    assert run.done == run.orders["seen"]
    assert run.total is None
