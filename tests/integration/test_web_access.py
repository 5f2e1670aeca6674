"""Who may see what: every page asks for a login, and what is not there looks all the same."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.web_builders import COMPANY_DB, make_order, make_run

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/orders/",
    f"/orders/{COMPANY_DB}/1/",
    "/orders/none/1/",
    "/runs/",
    "/runs/1/",
    "/runs/1/live/",
    "/monitor/",
    f"/monitor/{COMPANY_DB}/",
    f"/monitor/{COMPANY_DB}/refresh/",
)


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("amal", password="right-password")


@pytest.mark.parametrize("page", PAGES)
def test_page_sends_someone_unknown_to_the_login(client, page):
    response = client.get(page)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={page}")


def test_order_list_is_the_first_page(admin_client):
    response = admin_client.get("/")

    assert response["Location"] == "/orders/"


def test_login_leads_back_to_the_page_that_was_asked_for(client, user):
    login = "/login/?next=/orders/%3Fstatus%3Dall"
    assert 'value="/orders/?status=all"' in client.get(login).content.decode()

    response = client.post(
        "/login/",
        {"username": "amal", "password": "right-password", "next": "/orders/?status=all"},
    )

    assert response["Location"] == "/orders/?status=all"


def test_login_never_leads_to_another_site(client, user):
    form = {"username": "amal", "password": "right-password", "next": "//elsewhere.example/"}

    response = client.post("/login/", form)

    assert response["Location"] == "/orders/"


def test_wrong_password_is_said_on_the_login_page(client, user):
    response = client.post("/login/", {"username": "amal", "password": "wrong"})

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_signing_out_ends_the_session(client, user):
    client.force_login(user)

    response = client.post("/logout/")

    assert response["Location"] == "/login/"
    assert client.get("/orders/").status_code == 302


def test_signing_out_is_not_done_by_a_link(client, user):
    client.force_login(user)

    assert client.get("/logout/").status_code == 405


def test_orders_that_are_unknown_look_the_same_whatever_is_missing(admin_client):
    make_order(doc_entry=5)

    answers = [
        admin_client.get(reverse("order", args=args))
        for args in [(COMPANY_DB, 6), ("OTHER", 5), (COMPANY_DB, 2**70)]
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_unknown_run_is_not_found(admin_client):
    assert admin_client.get(f"/runs/{2**70}/").status_code == 404


def test_problem_pages_ask_no_database(admin_client, django_assert_num_queries):
    admin_client.raise_request_exception = False

    with django_assert_num_queries(0):
        response = admin_client.get("/no/such/page/")

    assert "Nothing here" in response.content.decode()


def test_failing_page_says_so_in_plain_words(admin_client, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("disk full at /secret/place")

    monkeypatch.setattr("ordermirror.web.views.read_runs", fail)
    admin_client.raise_request_exception = False

    response = admin_client.get("/runs/")

    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_pages_only_answer_reading_requests(admin_client):
    assert admin_client.post("/orders/").status_code == 405


def test_health_is_answered_without_login_or_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_pages_are_never_kept_by_a_shared_cache(admin_client):
    run = make_run()

    pages = ["/orders/", "/runs/", f"/runs/{run.pk}/"]

    for page in pages:
        assert "private" in admin_client.get(page)["Cache-Control"]
