"""What monitors ask: alive, ready, fresh."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection

from ordermirror import quiet
from ordermirror.models import Company
from tests.web_builders import make_company, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_ten")]
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def database_is_down():
    def fail(*_):
        raise OperationalError("connection to server at 10.0.0.5 failed for user mirror")

    with connection.execute_wrapper(fail):
        yield


def freshness(client, **request):
    response = client.get("/health/sync", **request)
    return response.status_code, json.loads(response.content)


def test_a_process_that_answers_is_alive_whatever_the_database_does(client, database_is_down):
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_a_database_with_its_tables_is_ready(client):
    response = client.get("/readyz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_a_database_that_must_be_migrated_is_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'ordermirror_owned'")

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"the database lacks 1 migrations")


@pytest.mark.parametrize("address", ["/readyz", "/health/sync", "/metrics"])
def test_a_database_that_is_down_is_told_without_its_address(client, database_is_down, address):
    response = client.get(address)

    assert response.status_code == 503
    assert "the database can't be reached" in response.content.decode().replace("\\u0027", "'")
    assert "10.0.0.5" not in response.content.decode()


def test_a_complete_run_a_moment_ago_is_fresh(client):
    run = make_run()

    assert freshness(client) == (
        200,
        {
            "fresh": True,
            "reason": "",
            "age_seconds": 120,
            "limit_seconds": 600,
            "companies": [
                {
                    "company_db": "SBODEMO",
                    "state": "fresh",
                    "stale_because": "",
                    "age_seconds": 120,
                    "last_run": run.pk,
                    "last_outcome": "complete",
                }
            ],
        },
    )


def test_nothing_mirrored_is_not_fresh(client):
    status, told = freshness(client)

    assert (status, told["fresh"], told["reason"]) == (503, False, "nothing is mirrored yet")


def test_a_company_that_is_only_kept_is_no_reason_to_look(client):
    """Its data stays as old as it is: monitors were told so for ever."""
    make_run()
    make_run(company_db="BEFORE", age=timedelta(days=9))
    Company.objects.filter(company_db="BEFORE").update(own_settings=None)

    status, told = freshness(client)

    assert (status, [it["company_db"] for it in told["companies"]]) == (200, ["SBODEMO"])


def test_nothing_refreshed_is_not_fresh_and_told_with_what_to_do(client):
    make_run()
    Company.objects.update(own_settings=None)

    status, told = freshness(client)

    assert (status, "run `ordermirror company add`" in told["reason"]) == (503, True)


def test_old_data_is_told_with_its_age_and_what_went_wrong(client):
    make_run(age=timedelta(minutes=11))
    make_run(age=timedelta(minutes=1), outcome="failed", problem="SAP refused the login of manager")

    status, told = freshness(client)

    assert status == 503
    assert told["reason"] == (
        "the newest complete refresh began 660 seconds ago, 600 are allowed, "
        "and the last one failed"
    )


def test_one_run_that_went_wrong_is_no_alarm_while_the_data_is_young(client):
    make_run(age=timedelta(minutes=6))
    make_run(age=timedelta(minutes=1), outcome="incomplete")

    status, told = freshness(client)

    assert (status, told["companies"][0]["state"]) == (200, "incomplete")


def test_a_company_without_a_complete_run_is_not_fresh_and_has_no_age(client):
    make_run(company_db="SBOTWO")
    make_company()

    status, told = freshness(client)

    assert (status, told["reason"]) == (503, "no refresh has been complete yet")
    assert told["age_seconds"] is None


def test_a_company_that_waits_for_a_decision_is_not_fresh_at_once(client):
    make_run()
    company = make_company()
    company.conflict, company.conflict_at = "Acme Trading answers", NOW
    company.save()

    status, told = freshness(client)

    assert status == 503
    assert told["reason"] == "nothing is written until a person decides; run `ordermirror company`"


def test_somebody_elsewhere_is_told_no_names(client):
    make_run(company_db="SECRETCO", age=timedelta(minutes=11), problem="of SECRETCO")

    status, told = freshness(client, REMOTE_ADDR="192.0.2.7")

    assert status == 503
    assert told.keys() == {"fresh", "reason", "age_seconds", "limit_seconds"}
    assert "SECRETCO" not in json.dumps(told)


def test_the_interval_of_the_settings_decides_what_is_late(client, settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, every=timedelta(hours=1))
    make_run(age=timedelta(minutes=119))

    assert freshness(client)[0] == 200


@pytest.mark.parametrize(
    ("hours", "status"), [("09:00-11:00", 200), ("08:00-10:00", 200), ("07:00-09:58", 503)]
)
def test_quiet_hours_make_nothing_stale_until_a_refresh_had_time(client, settings, hours, status):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, sap_quiet_hours=quiet.parse(hours))
    make_run(age=timedelta(hours=3))

    assert freshness(client)[0] == status


def test_no_answer_is_kept_by_a_cache(client):
    make_run()

    answers = [client.get(it) for it in ("/healthz", "/readyz", "/health/sync", "/metrics")]

    assert ["no-store" in answer["Cache-Control"] for answer in answers] == [True] * 4
