"""Answers that can't be believed: the run recovers or is incomplete, nothing false is stored."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from django.db import connection

from ordermirror.errors import TooMuchAtOnce
from ordermirror.master_models import Item
from ordermirror.models import OrderLine, Pending, Position, Quarantine, SalesOrder
from ordermirror.sandbox import DELETE, Fault
from tests.support import answers

PASSING = [
    "html",
    "html_502",
    "empty",
    "empty_500",
    "http_503",
    "error_200",
    "truncated",
    "truncated_json",
    "reset",
    "expired",
    "retry_after_429",
    "no_value",
    "value_not_list",
    "shuffled",
    "duplicate",
    "dropped_row",
    "foreign_row",
    "wrong_count",
]
LASTING = [kind for kind in PASSING if kind not in ("expired", "wrong_count")]


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_in_a_first_load_is_recovered_from(mirror, kind):
    mirror.sandbox.faults.add(Fault(kind=kind, path="Orders", after=3))
    mirror.page_size = 10

    report = mirror.sync()

    assert mirror.sandbox.faults.struck() == {kind: 1}
    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_fault_in_a_first_load_leaves_what_was_proven_and_no_more(mirror, kind):
    mirror.sandbox.faults.add(Fault(kind=kind, path="Orders", after=3, times=None))
    mirror.page_size = 10

    broken = mirror.sync()
    got_to = Position.objects.get(probe="first_load").doc_entry
    stored = set(SalesOrder.objects.values_list("doc_entry", flat=True))
    mirror.sandbox.faults.clear()
    mended = mirror.sync()

    assert broken.outcome == "incomplete"
    assert stored == {entry for entry in mirror.expected() if entry <= got_to}
    assert mended.outcome == "complete"
    assert mirror.exported() == mirror.expected()


@pytest.mark.parametrize("kind", [*LASTING, "redirect"])
def test_a_lasting_fault_in_a_refresh_closes_nothing_and_moves_no_position(mirror, kind):
    mirror.sync()
    mirror.business(events=30)
    before, position = mirror.exported(), Position.objects.get(probe="changed")
    mirror.sandbox.faults.add(Fault(kind=kind, path="Orders", times=None))

    report = mirror.sync()

    after = Position.objects.get(probe="changed")
    source = mirror.expected()
    assert report.outcome in ("incomplete", "failed")
    for doc_entry, order in mirror.exported().items():
        assert order in (before.get(doc_entry), source[doc_entry])
    assert (after.watermark, after.doc_entry) == (position.watermark, position.doc_entry)


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_in_a_refresh_is_recovered_from(mirror, kind):
    mirror.sync()
    mirror.business(events=30)
    mirror.sandbox.faults.add(Fault(kind=kind, path="Orders"))

    report = mirror.sync()

    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()


def test_a_failed_open_probe_does_not_hold_up_what_the_changed_probe_found(mirror):
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[-1]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="changed meanwhile")
    mirror.sandbox.faults.add(Fault(kind="error_200", path="Orders", after=1, times=4))

    report = mirror.sync()

    assert report.outcome == "incomplete"
    complete = {probe.probe: probe.complete for probe in report.probes}
    assert (complete["changed"], complete["open"], complete["by_key"]) == (True, False, True)
    assert SalesOrder.objects.get(doc_entry=doc_entry).comments == "changed meanwhile"


def test_a_withheld_newest_order_does_not_shorten_a_first_load(mirror):
    """The load was bounded by the highest number; a count without a row hid it."""
    mirror.sandbox.faults.add(Fault(kind="dropped_row", path="Orders"))

    report = mirror.sync()

    assert report.outcome == "complete"
    assert mirror.exported() == mirror.expected()


def test_an_expired_session_is_renewed_once(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="expired", path="Orders"))
    logins = mirror.sandbox.logins

    report = mirror.sync()

    assert (report.outcome, mirror.sandbox.logins - logins) == ("complete", 2)


def test_a_wrong_password_is_tried_once(mirror):
    mirror.password = "wrong"

    report = mirror.sync()

    assert report.outcome == "failed"
    assert "refused the login" in report.problem
    assert [request.path for request in mirror.sandbox.requests] == ["/b1s/v2/Login"]


def test_a_redirect_is_not_followed(mirror):
    mirror.sandbox.faults.add(Fault(kind="redirect", path="SalesPersons"))

    report = mirror.sync()

    assert (report.outcome, "redirect" in report.problem) == ("failed", True)


def test_nobody_listening_is_a_failed_run(mirror):
    mirror.url = "http://127.0.0.1:1/b1s/v2"

    report = mirror.sync()

    assert report.outcome == "failed"
    assert "no answer from SAP" in report.problem


def test_every_session_is_logged_out(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="html", path="Orders", times=None))
    mirror.sync()

    assert mirror.sandbox.open_sessions == 0


def test_only_login_logout_and_get_are_sent(mirror):
    mirror.sync()
    mirror.business(events=20)
    mirror.sync()

    posted = {r.path for r in mirror.sandbox.requests if r.method != "GET"}
    assert posted == {"/b1s/v2/Login", "/b1s/v2/Logout"}


def test_retries_wait_longer_each_time(mirror):
    mirror.sandbox.faults.add(Fault(kind="http_503", path="Orders", times=3))

    mirror.sync()

    first, second, third = mirror.pauses
    assert 0.375 <= first <= 0.625 < second <= 1.25 < third <= 2.5


def test_retry_after_is_honoured(mirror):
    mirror.sandbox.faults.add(Fault(kind="retry_after_429", path="Orders", seconds=7))

    mirror.sync()

    assert 6 < mirror.pauses[0] <= 7


def test_a_limit_of_calls_holds_for_all_requests_but_the_first_and_the_logout(mirror):
    mirror.calls_per_minute = 1

    report = mirror.sync()

    assert len(mirror.pauses) == report.requests - 2


def test_a_pause_that_is_too_long_ends_the_run_instead(mirror):
    mirror.sync()
    mirror.sandbox.faults.add(Fault(kind="retry_after_429", path="Orders", seconds=600, times=None))
    before = len(mirror.sandbox.requests)

    report = mirror.sync()

    asked = [r for r in list(mirror.sandbox.requests)[before:] if r.method == "GET"]
    assert (report.outcome, len(asked)) == ("incomplete", 1)


TOO_MUCH = {
    "documents": lambda url: "DocumentLines" in url,
    "light rows": lambda url: "/Orders?" in url and "DocumentLines" not in url,
    "items": lambda url: "/Items?" in url,
}


@pytest.mark.parametrize("concerns", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_is_too_much_at_once_is_asked_for_in_smaller_parts(mirror, concerns):
    mirror.page_size, allowed = 100, 25
    refused = []

    def at_most(url, answer):
        if concerns(url) and int(re.search(r"top=(\d+)", url)[1]) > allowed:
            refused.append(url)
            raise TooMuchAtOnce("SAP's answer is larger than 64 MB")
        return answer

    answers(mirror, at_most)

    reports = [mirror.sync(), mirror.sync()]

    assert [report.outcome for report in reports] == ["complete", "complete"]
    assert refused
    assert mirror.exported() == mirror.expected()
    assert Item.objects.count() == len(mirror.sandbox.company.tables["Items"])


ODD = {
    "a text for a number": {"DocTotal": "abc"},
    "an unknown cancelled": {"Cancelled": "tMAYBE"},
    "a missing status": {"DocumentStatus": DELETE},
    "missing lines": {"DocumentLines": DELETE},
    "no lines": {"DocumentLines": []},
    "null lines": {"DocumentLines": None},
    "a text too long": {"CardName": "x" * 500},
    "a date that is none": {"DocDate": "2026-13-45"},
}


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD.keys())
def test_an_odd_document_is_set_aside_and_the_rest_goes_on(mirror, raw):
    mirror.sync()
    newest, other = (doc["DocEntry"] for doc in mirror.sandbox.orders()[-1:-3:-1])
    before = mirror.exported()[newest]
    mirror.sandbox.edit(newest, Comments="edited")
    mirror.sandbox.put_raw(newest, **raw)
    mirror.sandbox.edit(other, Comments="edited too")

    report = mirror.sync()

    assert (report.outcome, report.orders()["quarantined"]) == ("complete", 1)
    assert mirror.exported()[newest] == before
    assert mirror.exported()[other]["comments"] == "edited too"
    assert Quarantine.objects.get().doc_entry == newest


def test_a_quarantined_order_leaves_quarantine_when_it_changes_to_the_good(mirror):
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[-1]["DocEntry"]
    good = mirror.sandbox.order(doc_entry)["CardName"]
    mirror.sandbox.edit(doc_entry, CardName="x" * 500)
    mirror.sync()
    mirror.business(events=3)
    mirror.sandbox.edit(doc_entry, CardName=good)

    mirror.sync()

    assert not Quarantine.objects.exists()
    assert mirror.exported() == mirror.expected()


def test_a_quarantined_order_is_not_read_again_by_every_run(mirror):
    mirror.sync()
    mirror.sandbox.edit(mirror.sandbox.orders()[-1]["DocEntry"], CardName="x" * 500)
    mirror.sync()

    report = mirror.sync()

    assert "by_key" not in {probe.probe for probe in report.probes}


def test_fault_F02_an_order_without_sales_person_is_mirrored_not_closed(mirror):
    """F2: an order that failed mapping was left out of what had been seen, and closed."""
    mirror.sync()
    doc_entry = next(
        doc["DocEntry"] for doc in mirror.sandbox.orders() if doc["DocumentStatus"] == "bost_Open"
    )
    mirror.sandbox.edit(doc_entry, SalesPersonCode=None)

    mirror.sync()

    order = SalesOrder.objects.get(doc_entry=doc_entry)
    assert (order.document_status, order.sales_person_code) == ("open", None)


def test_fault_F14_an_order_that_comes_without_lines_keeps_them(mirror):
    """F14: an order that arrived with empty DocumentLines lost all its line rows."""
    mirror.sync()
    document = mirror.sandbox.orders()[-1]
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=[])

    mirror.sync()

    lines = OrderLine.objects.filter(order__doc_entry=document["DocEntry"])
    assert lines.filter(removed_at=None).count() == len(document["DocumentLines"])


def test_fault_F22_two_orders_with_one_number_are_two_orders(mirror):
    """F22: DocNum is not unique across series; two orders with one number failed the whole run."""
    first, second = mirror.sandbox.orders()[:2]
    mirror.sandbox.edit(second["DocEntry"], DocNum=first["DocNum"], Series=99)

    mirror.sync()

    same_number = SalesOrder.objects.filter(doc_num=first["DocNum"])
    assert {first["DocEntry"], second["DocEntry"]} <= {order.doc_entry for order in same_number}
    assert mirror.exported() == mirror.expected()


@contextmanager
def refusing():
    """The database refuses orders with the comment "refused"."""
    table, on_sqlite = SalesOrder._meta.db_table, connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER refusal BEFORE INSERT ON {table} "
            "WHEN NEW.comments = 'refused' BEGIN SELECT RAISE(ABORT, 'no'); END"
            if on_sqlite
            else f"ALTER TABLE {table} ADD CONSTRAINT refusal CHECK (comments <> 'refused')"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER refusal"
                if on_sqlite
                else f"ALTER TABLE {table} DROP CONSTRAINT refusal"
            )


def test_a_document_the_database_refuses_is_set_aside_alone(mirror):
    doc_entry = mirror.sandbox.orders()[5]["DocEntry"]
    mirror.sandbox.put_raw(doc_entry, Comments="refused")

    with refusing():
        report = mirror.sync()

    assert (report.outcome, report.orders()["quarantined"]) == ("complete", 1)
    assert Quarantine.objects.get().stage == "store"
    assert mirror.exported().keys() == mirror.expected().keys() - {doc_entry}


def test_a_document_the_database_refuses_is_not_read_again_by_every_run(mirror):
    """It stayed owed, and each run read it again and was refused again."""
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[-1]["DocEntry"]
    mirror.sandbox.edit(doc_entry, Comments="refused")
    with refusing():
        mirror.sync()
        report = mirror.sync()

    assert "by_key" not in {probe.probe for probe in report.probes}
    assert not Pending.objects.exists()
