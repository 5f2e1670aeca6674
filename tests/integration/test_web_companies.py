"""What the pages show of several companies, and to whom: a stranger to a company sees nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from ordermirror.master_models import Manufacturer
from ordermirror.models import Company, CompanyLimit, Pending
from ordermirror.owned.models import OrderNote
from tests.web_builders import make_company, make_order, make_person, make_read, make_run

pytestmark = pytest.mark.django_db
MINE, THEIRS = "SBO_MINE", "SBO_THEIRS"


@pytest.fixture
def own():
    make_person(12, "Omar Haddad", company_db=MINE)
    make_run(company_db=MINE)
    return make_order(company_db=MINE, doc_entry=1, doc_num=7001, card_name="Acme")


@pytest.fixture
def foreign():
    make_person(12, "Sara Naim", company_db=THEIRS)
    make_person(77, "Zoltan Quiet", company_db=THEIRS)
    Manufacturer.objects.create(
        id=1, company=make_company(THEIRS), code=5, manufacturer_name="Zed Works"
    )
    make_run(company_db=THEIRS)
    return make_order(
        company_db=THEIRS, doc_entry=1, doc_num=8001, card_name="Zenith Widgets",
        doc_currency="EUR", pending_total=Decimal("4321"),
    )  # fmt: skip


@pytest.fixture
def amal(client, django_user_model, own, foreign):
    """Logged in, may write everything, limited to her company."""
    user = django_user_model.objects.create_user("amal")
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="ordermirror_owned")
    )
    limit = CompanyLimit.objects.create(user=user)
    limit.companies.add(Company.objects.get(company_db=MINE))
    client.force_login(user)
    return client


def text(client, address):
    return client.get(address).content.decode()


def test_a_user_without_a_limit_sees_all_companies(admin_client, own, foreign):
    shown = text(admin_client, "/orders/")

    assert "7001" in shown
    assert "8001" in shown


@pytest.mark.parametrize(
    "query",
    ["", "?status=all", "?q=Zenith", "?q=8001", "?customer=Zenith", "?sales=77", "?count=1&q=1",
     f"?company={THEIRS}", f"?company={THEIRS}&status=all"],
)  # fmt: skip
def test_a_limited_user_never_sees_another_company_in_the_list(amal, query):
    shown = text(amal, f"/orders/{query}")

    for secret in (
        f"/orders/{THEIRS}/1/",
        "Zenith Widgets",
        "Zed Works",
        "Sara",
        "Zoltan",
        "4,321",
        "EUR",
    ):
        assert secret not in shown


def test_totals_are_of_the_companies_that_a_user_sees(amal):
    assert "<strong>1</strong> order" in text(amal, "/orders/")


def test_a_sales_person_s_name_is_the_one_of_the_order_s_company(admin_client, own, foreign):
    theirs = text(admin_client, f"/orders/?company={THEIRS}")

    assert "Sara Naim" in theirs
    assert "Omar Haddad" not in theirs


def test_an_order_of_another_company_is_not_found(amal, own, foreign):
    assert amal.get(reverse("order", args=(MINE, 1))).status_code == 200

    answers = [amal.get(reverse("order", args=(it, 1))) for it in (THEIRS, "NONE")]

    assert [it.status_code for it in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("name", "sent"),
    [("add-note", {"text": "x"}), ("decide", {"state": "approved", "seen": 0}), ("refresh", {})],
)
def test_nothing_is_done_to_an_order_of_another_company(amal, foreign, name, sent):
    response = amal.post(reverse(name, args=(THEIRS, 1)), sent)

    assert response.status_code == 404
    assert not OrderNote.objects.exists()
    assert not Pending.objects.exists()


def test_runs_of_another_company_are_not_shown(amal):
    other = make_run(company_db=THEIRS, problem="secret of theirs")

    assert amal.get(f"/runs/{other.pk}/").status_code == 404
    for page in ("/runs/", f"/runs/?company={THEIRS}"):
        assert "secret of theirs" not in text(amal, page)


def test_a_banner_of_another_company_is_not_shown(amal):
    make_run(company_db=THEIRS, outcome="failed")
    Company.objects.filter(company_db=THEIRS).update(conflict="theirs is swapped")

    for page in ("/orders/", "/runs/"):
        shown = text(amal, page)
        assert THEIRS not in shown
        assert "swapped" not in shown
        assert "failed" not in shown


def test_a_user_limited_to_no_company_sees_none(amal):
    CompanyLimit.objects.get().companies.clear()

    shown = text(amal, "/orders/?status=all")

    assert "7001" not in shown
    assert "8001" not in shown


def test_a_company_can_be_chosen_where_there_are_several(admin_client, own, foreign):
    shown = text(admin_client, f"/orders/?company={MINE}")

    assert f'<option value="{MINE}" selected>' in shown
    assert "8001" not in shown


def test_there_is_nothing_to_choose_where_one_company_is_visible(amal):
    for page in ("/orders/", "/runs/"):
        assert MINE not in text(amal, page).replace(f"/orders/{MINE}/", "")


def test_each_company_that_is_not_fresh_has_a_banner(admin_client, own, foreign):
    make_run(company_db=MINE, outcome="failed")
    make_run(company_db=THEIRS, outcome="incomplete")

    shown = text(admin_client, "/orders/")

    assert f"{MINE}</bdi>: <strong>The last refresh failed." in shown
    assert f"{THEIRS}</bdi>: <strong>The last refresh was incomplete." in shown


def test_a_chosen_company_speaks_for_itself(admin_client, own, foreign):
    make_run(company_db=THEIRS, outcome="failed")

    assert "failed" not in text(admin_client, f"/orders/?company={MINE}")


def test_a_paused_company_says_so_and_is_not_late(admin_client, own):
    Company.objects.update(paused_at=timezone.now())
    make_run(company_db=MINE, age=timedelta(days=3))

    shown = text(admin_client, "/orders/")

    assert "Refreshing is paused." in shown
    assert "The data is late." not in shown


def test_a_slow_company_is_late_by_its_own_cadence(admin_client, own):
    Company.objects.update(own_settings={"every": "10h"})
    make_run(company_db=MINE, age=timedelta(hours=3))

    assert "The data is late." not in text(admin_client, "/orders/")


def test_moments_are_shown_in_the_company_s_zone(admin_client, own):
    make_read(own, read_at=datetime(2026, 1, 5, 10, 0, tzinfo=UTC))
    Company.objects.filter(company_db=MINE).update(own_settings={"time_zone": "Asia/Dubai"})

    assert "14:00" in text(admin_client, reverse("order", args=(MINE, 1)))
