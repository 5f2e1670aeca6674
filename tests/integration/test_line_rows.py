"""Orders put together from headers and QueryService's line rows: the same mirror, less to send."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from ordermirror.core.plan import Plan
from ordermirror.models import Company
from ordermirror.sandbox import DELETE
from ordermirror.sap.transport import Answer
from tests.support import V1, answers, mirrored

EVERY_FOLLOW_UP = Plan(
    returns_every=timedelta(0), invoices_every=timedelta(0), credit_notes_every=timedelta(0)
)
QUERY = "QueryService_PostQuery"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def joined():
    with mirrored() as mirror:
        mirror.joined_lines = True
        yield mirror


def whole_pages(mirror):
    """How many rows were asked for whole, request by request."""
    asked = [r.query for r in mirror.sandbox.requests if r.path.endswith("/Orders")]
    return [int(re.search(r"top=(\d+)", query)[1]) for query in asked if "DocumentLines" in query]


def queries(mirror):
    return [r for r in mirror.sandbox.requests if r.path.endswith(QUERY)]


def changed_rows(change):
    """Line rows as another release or a bad proxy may send them."""

    def answered(url, answer):
        if not url.endswith(QUERY) or answer.status != 200:
            return answer
        page = msgspec.json.decode(answer.body)
        page["value"] = change(page["value"])
        return Answer(answer.status, answer.headers, msgspec.json.encode(page))

    return answered


@pytest.mark.parametrize("version", [V1, 2])
def test_a_first_load_and_200_rounds_of_business_are_mirrored_the_same(version):
    with mirrored(version=version, bump_on=frozenset({"edit"})) as mirror:
        mirror.joined_lines = True
        mirror.sync()
        for round_ in range(200):
            mirror.business(events=round_ % 4)
            if round_ % 10 == 9:
                assert mirror.sync(plan=EVERY_FOLLOW_UP).outcome == "complete"
                assert mirror.exported() == mirror.expected()


def test_both_ways_store_the_same(joined):
    joined.sync()
    by_rows = joined.exported()

    joined.company = Company.objects.create(company_db="ANOTHER")
    joined.joined_lines = False
    joined.sync()

    assert joined.exported() == by_rows


def test_only_a_sample_is_read_whole(joined):
    joined.sync()

    assert whole_pages(joined) == [10]


def test_changing_the_way_writes_nothing(joined):
    joined.sync()
    joined.joined_lines = False

    report = joined.sync(full=True)

    assert (report.outcome, report.rows_written) == ("complete", 0)


def test_nothing_else_is_posted(joined):
    joined.sync()

    posted = {r.path for r in joined.sandbox.requests if r.method != "GET"}
    assert posted == {"/b1s/v2/Login", "/b1s/v2/Logout", f"/b1s/v2/{QUERY}"}


def test_by_default_it_is_not_posted_to(mirror):
    mirror.sync()

    assert queries(mirror) == []


def test_line_rows_come_in_pages_of_any_size(joined):
    joined.light_page_size = 20

    joined.sync()

    assert len(queries(joined)) > 10
    assert joined.exported() == joined.expected()


def test_a_site_that_refuses_it_is_read_whole(joined, caplog):
    body = msgspec.json.encode({"error": {"code": "-5006", "message": "no authorization"}})
    answers(joined, lambda url, got: Answer(403, {}, body) if url.endswith(QUERY) else got)

    report = joined.sync()

    assert report.outcome == "complete"
    assert joined.exported() == joined.expected()
    assert "no authorization" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[1:],
        lambda rows: rows[::-1],
        lambda rows: rows + rows[-1:],
        lambda rows: [{"Orders": row["Orders"]} for row in rows],
        lambda rows: [
            row | {"Orders/DocumentLines": row["Orders/DocumentLines"] | {"LineStatus": "O"}}
            for row in rows
        ],
        lambda rows: [
            row | {"Orders/DocumentLines": row["Orders/DocumentLines"] | {"TreeType": "N"}}
            for row in rows
        ],
    ],
    ids=["dropped", "reversed", "repeated", "no lines", "other statuses", "other words"],
)
def test_rows_that_are_not_as_they_should_be_are_not_believed(joined, change):
    answers(joined, changed_rows(change))

    report = joined.sync()

    assert report.outcome == "complete"
    assert joined.exported() == joined.expected()


def test_an_order_that_is_edited_between_its_header_and_its_lines_is_read_whole(joined):
    doc_entry = joined.sandbox.orders()[5]["DocEntry"]
    edited = []

    def edit_between(url, answer):
        if "/Orders?" in url and "DocNum" in url and "CardName" in url and not edited:
            edited.append(joined.sandbox.edit(doc_entry, Comments="meanwhile", Project="P9"))
        return answer

    answers(joined, edit_between)

    joined.sync()

    assert edited
    assert joined.exported() == joined.expected()


def test_an_order_without_lines_is_set_aside_as_ever(joined):
    doc_entry = joined.sandbox.orders()[5]["DocEntry"]
    joined.sandbox.put_raw(doc_entry, DocumentLines=DELETE)

    report = joined.sync()

    assert (report.outcome, report.quarantined) == ("complete", 1)
