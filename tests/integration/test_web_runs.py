"""The run pages, and what every page says about the age of the data."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ordermirror.quiet import parse
from tests.web_builders import make_change, make_order, make_run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def words(response):
    assert response.status_code == 200
    body = response.content.decode().partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_run_list_says_how_each_run_went(admin_client):
    make_run(
        outcome="incomplete", statements=41, rows_written=1234, seconds=75.2,
        orders={"created": 3, "changed": 1, "unchanged": 300},
        problem="Page 4 of 17 was not JSON",
    )  # fmt: skip

    text = words(admin_client.get("/runs/"))

    assert "Incomplete 3 created, 1 changed Page 4 of 17 was not JSON" in text
    assert "1 min 15 s 17 2.2 MB 41 1,234" in text


def test_runs_stand_newest_first_on_numbered_pages(admin_client):
    made = [make_run().pk for _number in range(51)]

    first, second = (admin_client.get(f"/runs/?page={page}").content.decode() for page in (1, 2))

    listed = [re.findall(r'href="/runs/(\d+)/"', html) for html in (first, second)]
    assert [len(part) for part in listed] == [50, 1]
    assert [int(pk) for part in listed for pk in part] == made[::-1]


def test_run_that_is_under_way_has_no_duration(admin_client):
    make_run(outcome="running")

    assert "Running Under way for 2 min 0 s run" in words(admin_client.get("/runs/"))


def test_run_list_without_runs_says_how_to_start(admin_client):
    assert "There has been no run yet" in words(admin_client.get("/runs/"))


def test_run_page_shows_its_probes(admin_client):
    probes = [
        {
            "probe": "sales_people",
            "requests": 1,
            "retries": 2,
            "bytes": 250_000,
            "seconds": 0.62,
            "rows": 1200,
            "complete": True,
            "problem": "",
        },
        {"probe": "open", "requests": 4, "rows": 80, "complete": False, "problem": "<b>no JSON"},
    ]
    run = make_run(outcome="incomplete", probes=probes, first_load=True)

    text = words(admin_client.get(f"/runs/{run.pk}/"))

    assert "sales people Complete 1 2 0.2 MB 0.6 s 1,200" in text
    assert "open Incomplete &lt;b&gt;no JSON 4 – – – 80" in text
    assert "first load" in text


def test_run_page_tells_the_first_error_with_the_request_behind_it(admin_client):
    error = {
        "probe": "by_key", "method": "GET", "path": "/Orders", "status": 503,
        "message": "SAP answered 503: <b>busy",
    }  # fmt: skip
    run = make_run(outcome="incomplete", first_error=error, retries=3)

    text = words(admin_client.get(f"/runs/{run.pk}/"))

    assert (
        "First error Request GET /Orders Answer HTTP 503 Probe by key "
        "Message SAP answered 503: &lt;b&gt;busy"
    ) in text
    assert "Asked again 3" in text


def test_run_page_tells_of_a_gateway_that_did_not_answer(admin_client):
    error = {"probe": "open", "method": "POST", "path": "", "status": None, "message": "gone"}
    run = make_run(outcome="incomplete", first_error=error)

    text = words(admin_client.get(f"/runs/{run.pk}/"))

    assert "Request POST to the gateway Answer no answer Probe open Message gone" in text


def test_run_page_tells_where_the_time_went_and_what_is_worth_a_look(admin_client):
    phases = {"decode": 0.5, "waiting for SAP": 1.5, "a phase of another release": 1.0}
    run = make_run(phases=phases, warnings=["deliveries: <refused>"])

    text = words(admin_client.get(f"/runs/{run.pk}/"))

    assert "Worth a look deliveries: &lt;refused&gt; Where the time went" in text
    assert "waiting for SAP 1.5 s 50 % decode 0.5 s 17 %" in text


def test_run_page_leads_to_the_orders_it_found_changed(admin_client):
    run = make_run()
    order = make_order(doc_entry=7, doc_num=126007)
    make_change(order, field="project", old="a", new="b", run=run)
    make_change(order, field="comments", old="a", new="b", run=run)

    response = admin_client.get(f"/runs/{run.pk}/")

    assert '<a href="/orders/SBODEMO/7/">126007</a>' in response.content.decode()
    assert "Acme Trading LLC 2 changes" in words(response)


@pytest.mark.parametrize("page", ["/runs/", "/runs/{}/"])
def test_run_pages_take_at_most_six_statements(admin_client, django_assert_max_num_queries, page):
    runs = [make_run(probes=[{"probe": "open"}] * 4) for _number in range(10)]
    for _number in range(10):
        make_change(make_order(), field="project", old="a", new="b", run=runs[0])

    with django_assert_max_num_queries(6):
        admin_client.get(page.format(runs[0].pk))


@time_machine.travel(NOW, tick=False)
def test_fresh_data_is_said_quietly(admin_client):
    make_run(age=2 * MINUTE)

    response = admin_client.get("/orders/")

    assert "Data as of 10:07 ( 2 min ago )" in words(response)
    assert "banner" not in response.content.decode()


@time_machine.travel(NOW, tick=False)
def test_data_is_not_late_after_two_intervals_sharp(admin_client):
    make_run(age=10 * MINUTE)

    assert "late" not in words(admin_client.get("/orders/"))


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([], "Nothing is complete yet."),
        ([("running", 1)], "Nothing is complete yet."),
        ([("complete", 11)], "The data is late. Data as of 09:58 (11 min ago). A refresh is due"),
        ([("complete", 11), ("running", 1)], "The data is late."),
        ([("complete", 11), ("busy", 1)], "The data is late."),
        ([("complete", 7), ("failed", 2)], "The last refresh failed. Data as of 10:02 (7 min ago)"),
        (
            [("complete", 7), ("incomplete", 2)],
            "The last refresh was incomplete. Data as of 10:02 (7 min ago). Newer changes may",
        ),
        ([("failed", 2)], "The last refresh failed. No refresh has finished so far"),
    ],
)
@pytest.mark.parametrize("page", ["/orders/", "/runs/"])
def test_data_that_is_not_fresh_is_said_in_a_banner(admin_client, runs, told, page):
    for outcome, age in runs:
        make_run(outcome=outcome, age=age * MINUTE)

    response = admin_client.get(page)

    assert told in words(response)
    assert 'class="banner banner-' in response.content.decode()


@pytest.fixture
def quiet_hours(settings):
    """NOW is 10:09."""

    def set_to(text):
        settings.ORDERMIRROR = replace(settings.ORDERMIRROR, sap_quiet_hours=parse(text))

    return set_to


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("hours", "outcome", "age", "told"),
    [
        ("09:00-11:00", "complete", 60, "Quiet until 11:00. Data as of 09:09 (1 h ago)."),
        ("09:00-10:05", "complete", 90, "Quiet hours ended at 10:05. Data as of 08:39"),
        ("09:00-09:50", "complete", 90, "The data is late."),
        ("09:00-11:00", "failed", 60, "The last refresh failed."),
        ("09:00-11:00", "complete", 5, "Data as of 10:04 ( 5 min ago )"),
    ],
)
def test_old_data_is_quiet_not_late_in_quiet_hours(
    admin_client, quiet_hours, hours, outcome, age, told
):
    quiet_hours(hours)
    make_run(outcome=outcome, age=age * MINUTE)

    text = words(admin_client.get("/orders/"))

    assert told in text
    assert ("late" in text) == ("late" in told)


def test_data_is_fresh_again_after_the_next_complete_run(admin_client):
    make_run(outcome="failed", age=7 * MINUTE)
    make_run(age=2 * MINUTE)

    assert "failed" not in words(admin_client.get("/orders/"))


def test_worst_company_speaks_for_all(admin_client):
    make_run(company_db="SBOFINE")
    make_run(company_db="SBOBAD", outcome="failed")

    assert "The last refresh failed." in words(admin_client.get("/orders/"))


def test_data_of_another_day_carries_its_date(admin_client):
    with time_machine.travel(NOW, tick=False):
        make_run()
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        text = words(admin_client.get("/runs/"))

    assert "Data as of 2026-11-20 10:07 (3 days ago)" in text
