"""The monitor: how the refreshes of each company stand, and what people may do about it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.utils import timezone

from ordermirror.models import Action, Company, CompanyLimit, Pending, Position, Quarantine
from tests.web_builders import make_company, make_order, make_read, make_reconciliation, make_run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MINE, THEIRS = "SBO_MINE", "SBO_THEIRS"
PAGE = "/monitor/SBODEMO/"
QUIET = {"sap_quiet_hours": "09:00-11:00"}
ACTS = ("refresh", "pause", "resume", "reread", "retry", "test-alert")


@pytest.fixture(autouse=True)
def _frozen():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _every_five_minutes(settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, every=5 * MINUTE, sap_company_db="SBODEMO")


def words(response, status=200):
    assert response.status_code == status
    body = response.content.decode().partition("<body>")[2] or response.content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<title>.*?</title>", "", body)).split())


def set_aside(doc_entry=7, company_db="SBODEMO", **fields):
    values = {
        "stage": "decode", "reason": "DocTotal is no number", "payload_hash": 1, "attempts": 3,
        "first_seen_at": NOW - HOUR, "last_seen_at": NOW, "retry_at": NOW + HOUR,
    }  # fmt: skip
    return Quarantine.objects.create(
        company=make_company(company_db), doc_entry=doc_entry, **values | fields
    )


def owe(doc_entry=8, company_db="SBODEMO", **fields):
    values = {"probe": "changed", "found_at": NOW - 3 * MINUTE}
    return Pending.objects.create(
        company=make_company(company_db), doc_entry=doc_entry, **values | fields
    )


@pytest.mark.parametrize(
    ("runs", "fields", "word", "kind"),
    [
        ([], {}, "New", "never"),
        ([("complete", 2)], {}, "On time", "fresh"),
        ([("complete", 11)], {}, "Late", "late"),
        ([("complete", 7), ("failed", 2)], {}, "Down", "failed"),
        ([("complete", 7), ("incomplete", 2)], {}, "Incomplete", "incomplete"),
        ([("complete", 90)], {"paused_at": NOW - HOUR}, "Paused", "paused"),
        (
            [("complete", 90)],
            {"own_settings": QUIET},
            "Quiet",
            "quiet",
        ),
    ],
)
@pytest.mark.parametrize("page", ["/monitor/", PAGE])
def test_state_is_a_word_an_icon_and_a_colour(admin_client, page, runs, fields, word, kind):
    make_company()
    Company.objects.update(**fields)
    for outcome, age in runs:
        make_run(outcome=outcome, age=age * MINUTE)

    html = admin_client.get(page).content.decode()

    badge = re.search(r'<span class="badge-(\w+)"><svg.*?#(\w+)"></use></svg>([\w ]+)</span>', html)
    assert badge.groups() == (kind, kind, word)


def test_monitor_tells_of_each_company_what_matters(admin_client):
    make_run(company_db=MINE)
    make_run(company_db=THEIRS, outcome="failed", problem="SAP refused the login", age=HOUR)
    owe(company_db=MINE)
    set_aside(company_db=THEIRS)

    told = words(admin_client.get("/monitor/"))

    assert f"{MINE} On time 10:07 2 min ago 10:12 1 complete 1 0" in told
    assert f"{THEIRS} Down never due now 1 failed SAP refused the login 0 1" in told


def test_next_refresh_is_the_one_a_person_asked_for(admin_client):
    make_run()
    Company.objects.update(asked_at=NOW - MINUTE)

    assert "now, as asked" in words(admin_client.get("/monitor/"))


def test_each_run_of_the_last_day_has_a_mark_with_a_title(admin_client):
    make_run(age=2 * MINUTE)
    make_run(outcome="failed", age=3 * HOUR)
    make_run(age=25 * HOUR)

    html = admin_client.get("/monitor/").content.decode()

    assert re.findall(r'class="run-(\w+)"><title>(.*?)</title>', html) == [
        ("failed", "07:09: Failed, 3.0 s"),
        ("complete", "10:07: Complete, 3.0 s"),
    ]


def test_runs_of_every_minute_share_marks(admin_client):
    for minutes in range(1, 400):
        make_run(age=minutes * MINUTE)
    make_run(outcome="failed", age=2 * MINUTE)

    html = admin_client.get("/monitor/").content.decode()

    assert html.count("<rect") == 80
    assert "<title>10:05: 5 runs, failed, at most 3.0 s</title>" in html


def test_company_page_has_its_trends_and_a_table_behind_them(admin_client):
    for seconds, changed in ((2.0, 3), (4.0, 5)):
        make_run(seconds=seconds, orders={"changed": changed, "closed": 1, "unchanged": 900})
    make_run(age=timedelta(days=3), seconds=12.5, orders={})
    make_run(age=timedelta(days=3), first_load=True, seconds=900.0, orders={"created": 9000})
    make_run(age=timedelta(days=40), seconds=700.0)

    response = admin_client.get(PAGE)

    assert "up to 12 s" in words(response)
    assert "up to 10 a day" in words(response)
    assert "2026-11-20 2 3.0 s 4.0 s 10 2026-11-17 1 12 s 12 s 0" in words(response)
    assert response.content.decode().count("<title>2026-11-17: 12 s</title>") == 1


def test_company_page_lists_what_is_set_aside_and_what_waits(admin_client):
    make_order(doc_entry=7, doc_num=126007)
    set_aside()
    owe(retry_at=NOW + HOUR)

    response = admin_client.get(PAGE)

    assert '<a href="/orders/SBODEMO/7/">126007</a>' in response.content.decode()
    told = words(response)
    assert "126007 DocTotal is no number decode 09:09 3 11:09" in told
    assert "DocEntry 8 changed 10:06 3 min ago 11:09" in told


def audited(age, **fields):
    make_read(make_order(**fields), read_at=NOW - age)


def test_audit_tells_which_open_order_was_read_longest_ago(admin_client):
    audited(3 * HOUR)
    audited(5 * HOUR)
    audited(90 * HOUR, document_status="closed")

    told = words(admin_client.get(PAGE))

    assert "Every one of 2 open orders is read again within 24 h; " in told
    assert "the one read longest ago was read 5 h ago." in told
    assert "ORDERMIRROR_AUDIT_MOST" not in told


def test_an_order_that_is_set_aside_is_no_gap_of_the_audit(admin_client):
    audited(3 * HOUR)
    audited(80 * HOUR, doc_entry=777)
    set_aside(doc_entry=777)

    assert "was read 3 h ago" in words(admin_client.get(PAGE))


def test_audit_that_can_not_come_round_in_time_says_so(admin_client, settings):
    settings.ORDERMIRROR = replace(
        settings.ORDERMIRROR, audit_open_within=10 * MINUTE, audit_most=1
    )
    for _number in range(4):
        audited(MINUTE)

    told = words(admin_client.get(PAGE))

    assert "1 orders a refresh (ORDERMIRROR_AUDIT_MOST) every 5 min are too few" in told


def test_audit_that_was_shortened_is_measured_by_that(admin_client, settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, audit_most=1)
    for _number in range(15):
        audited(MINUTE)
    before = words(admin_client.get(PAGE))
    Position.objects.create(company=make_company(), probe="audit", period_seconds=3600)

    assert "too few" not in before
    assert "too few" in words(admin_client.get(PAGE))


def test_audit_that_is_behind_says_so(admin_client):
    audited(26 * HOUR)

    assert "longer ago than it should be" in words(admin_client.get(PAGE))


def test_comparison_with_sap_is_shown_on_the_companys_page(admin_client):
    make_reconciliation(at=NOW - 4 * MINUTE)

    told = words(admin_client.get(PAGE)).partition("Compared with SAP")[2]

    assert "Reconciled 10:05: open orders 318 = 318 , open sum 4,812,300.50 = 4,812,300.50" in told


@pytest.mark.parametrize(("page", "most"), [("/monitor/", 4), (PAGE, 9)])
def test_pages_take_few_statements_for_any_number_of_companies(
    admin_client, django_assert_max_num_queries, page, most
):
    for number in range(12):
        name = f"SBO{number}" if number else "SBODEMO"
        for _run in range(4):
            make_run(company_db=name)
        set_aside(company_db=name)
        owe(company_db=name)

    with django_assert_max_num_queries(most):
        admin_client.get(page)


class TestLive:
    def test_a_first_load_shows_how_far_it_is(self, admin_client):
        run = make_run(outcome="running", age=38 / 60 * MINUTE, done=1200, total=10_000)

        response = admin_client.get(f"/runs/{run.pk}/live/")

        assert "First load: 1,200 of 10,000 orders, for 38 s" in words(response)
        assert '<progress max="10000" value="1200"' in response.content.decode()
        assert response["OM-Part"] == "live"

    def test_a_load_of_which_the_end_is_not_known_has_no_bar(self, admin_client):
        run = make_run(outcome="running", done=1200)

        html = admin_client.get(f"/runs/{run.pk}/live/").content.decode()

        assert "1,200 orders so far" in html
        assert "<progress" not in html

    def test_a_run_that_has_ended_makes_the_browser_load_the_page_anew(self, admin_client):
        run = make_run()

        assert admin_client.get(f"/runs/{run.pk}/live/")["HX-Refresh"] == "true"

    def test_an_empty_list_is_loaded_anew_when_the_first_orders_are_there(self, admin_client):
        run = make_run(outcome="running", done=0, total=10)
        address = f"/runs/{run.pk}/live/?empty"
        before = admin_client.get(address)
        make_order()

        assert address in before.content.decode()
        assert admin_client.get(address)["HX-Refresh"] == "true"

    @pytest.mark.parametrize("page", ["/orders/", "/runs/", "/runs/{}/", "/monitor/", PAGE])
    def test_pages_show_a_first_load_that_is_under_way(self, admin_client, page):
        run = make_run(outcome="running", done=1200, total=10_000)

        html = admin_client.get(page.format(run.pk)).content.decode()

        assert "1,200 of 10,000 orders" in html
        assert html.count(f'hx-get="/runs/{run.pk}/live/') == 1

    def test_a_list_that_has_orders_already_tells_the_progress_above_them(self, admin_client):
        make_order()
        run = make_run(outcome="running", done=1200, total=10_000)

        assert f'hx-get="/runs/{run.pk}/live/"' in admin_client.get("/orders/").content.decode()

    def test_a_refresh_under_way_is_no_matter_of_the_order_list(self, admin_client):
        make_order()
        make_run()
        make_run(outcome="running")

        assert "/live/" not in admin_client.get("/orders/").content.decode()


class TestPermissions:
    @pytest.fixture
    def amal(self, client, django_user_model):
        """Sees her company only, and may do nothing yet."""
        make_run(company_db=MINE)
        make_run(company_db=THEIRS, outcome="failed", problem="secret of theirs")
        user = django_user_model.objects.create_user("amal")
        CompanyLimit.objects.create(user=user).companies.add(make_company(MINE))
        client.force_login(user)
        return client

    @pytest.fixture
    def steering(self, amal, django_user_model):
        user = django_user_model.objects.get()
        user.user_permissions.add(Permission.objects.get(codename="steer"))
        return amal

    def test_a_user_sees_her_companies_only(self, amal):
        told = words(amal.get("/monitor/"))

        assert MINE in told
        assert THEIRS not in told
        assert "secret of theirs" not in told

    def test_a_company_of_others_is_not_found(self, amal):
        answers = [amal.get(f"/monitor/{name}/") for name in (THEIRS, "NONE")]

        assert [it.status_code for it in answers] == [404, 404]
        assert answers[0].content == answers[1].content

    def test_a_run_of_others_is_not_found_while_it_is_under_way(self, amal):
        run = make_run(company_db=THEIRS, outcome="running")

        assert amal.get(f"/runs/{run.pk}/live/").status_code == 404

    def test_without_the_permission_there_are_no_buttons(self, amal):
        set_aside(company_db=MINE)

        html = amal.get(f"/monitor/{MINE}/").content.decode()

        assert f"/monitor/{MINE}/" not in html

    @pytest.mark.parametrize("act", ACTS)
    def test_without_the_permission_nothing_is_done(self, amal, act):
        set_aside(company_db=MINE)

        assert amal.post(f"/monitor/{MINE}/{act}/", {"entry": 7}).status_code == 403
        assert not Action.objects.exists()
        assert Company.objects.get(company_db=MINE).asked_at is None

    @pytest.mark.parametrize("act", ACTS)
    def test_nothing_is_done_to_a_company_of_others(self, steering, act):
        set_aside(company_db=THEIRS)

        assert steering.post(f"/monitor/{THEIRS}/{act}/", {"entry": 7}).status_code == 404
        assert not Action.objects.exists()

    @pytest.mark.parametrize("act", ACTS)
    def test_only_a_post_acts(self, steering, act):
        response = steering.get(f"/monitor/{MINE}/{act}/")

        assert response["Location"] == f"/monitor/{MINE}/"
        assert steering.put(f"/monitor/{MINE}/{act}/").status_code == 405
        assert not Action.objects.exists()

    def test_a_person_with_the_permission_may_steer(self, steering):
        response = steering.post(f"/monitor/{MINE}/refresh/", follow=True)

        assert "Asked. The refresh begins within a few seconds." in words(response)
        assert Company.objects.get(company_db=MINE).asked_at == NOW
        assert "amal asked for a refresh" in words(response)


@pytest.fixture
def admin(admin_client):
    make_run()
    return admin_client


def test_pausing_offers_to_resume_and_back(admin):
    paused = words(admin.post(f"{PAGE}pause/", follow=True))
    resumed = words(admin.post(f"{PAGE}resume/", follow=True))

    assert "Resume Test alert" in paused
    assert "Sync now Pause Test alert" in resumed


def test_what_can_not_be_done_is_told_on_the_page(admin):
    Company.objects.update(paused_at=timezone.now())

    told = words(admin.post(f"{PAGE}refresh/", follow=True))

    assert "Refreshing SBODEMO is paused; resume it first." in told


def test_orders_of_some_days_are_read_again(admin):
    make_order(doc_entry=5)

    days = {"first": "2026-11-19", "last": "2026-11-20"}
    told = words(admin.post(f"{PAGE}reread/", days, follow=True))

    assert "1 order is read again by the next refresh." in told
    assert Pending.objects.get().doc_entry == 5


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        ({"first": "2026-11-20"}, "Choose a day."),
        ({"first": "soon", "last": "2026-11-20"}, "Write it as 2026-11-30."),
        ({"first": "2026-11-20", "last": "2026-11-19"}, "This is before the first day."),
    ],
)
def test_days_that_make_no_range_come_back_with_what_is_wrong(admin, days, wrong):
    response = admin.post(f"{PAGE}reread/", days)

    assert wrong in words(response, 422)
    assert f'value="{days["first"]}"' in response.content.decode()
    assert not Pending.objects.exists()


def test_a_document_is_tried_again(admin):
    set_aside()

    told = words(admin.post(f"{PAGE}retry/", {"entry": 7}, follow=True))

    assert "It is tried again by the next refresh." in told
    assert Quarantine.objects.get().retry_at <= NOW


@pytest.mark.parametrize("entry", ["9", "x", "99999999999999999999"])
def test_a_document_that_is_set_aside_no_more_is_told(admin, entry):
    told = words(admin.post(f"{PAGE}retry/", {"entry": entry}, follow=True))

    assert "It is set aside no more." in told


def test_a_test_alert_that_reaches_nobody_says_why(admin):
    assert "Nobody is told: set" in words(admin.post(f"{PAGE}test-alert/", follow=True))
