"""Several companies in one installation, each with settings of its own."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from ordermirror import companies, conf, conflicts, last_runs, registry
from ordermirror.cli import run
from ordermirror.conf import Settings
from ordermirror.errors import ConfigError, OrderMirrorError, SyncAlreadyRunning
from ordermirror.lease import held
from ordermirror.models import Company, OrderLine, SalesOrder, SyncRun
from ordermirror.owned.models import OrderNote
from tests.support import mirrored
from tests.web_builders import make_change, make_line, make_order, make_person, make_run

SHARED = {"sap_url": "https://sap:50000/b1s/v2", "sap_user": "reader", "sap_password": "secret"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def base(settings):
    """Settings of all companies, as the environment would give them."""

    def give(**values):
        settings.ORDERMIRROR = replace(settings.ORDERMIRROR, **values)

    return give


def test_everything_about_sap_can_be_a_company_s_own():
    common = {
        item.name
        for item in fields(Settings)
        if item.name.startswith(("sap_", "gateway_")) and not item.metadata["per_company"]
    }

    assert common == set()


def test_a_company_has_its_own_settings_over_everybody_s(base):
    base(**SHARED)

    company = registry.add("SBO_B", {"every": "10m", "time_zone": "Asia/Dubai"})

    known = companies.settings_of(company)
    assert (known.sap_company_db, known.sap_user) == ("SBO_B", "reader")
    assert (known.every, known.time_zone) == (timedelta(minutes=10), "Asia/Dubai")


def test_two_servers_may_call_their_company_alike(base):
    base(**SHARED)

    company = registry.add("Dubai", {"sap_company_db": "SBODEMO"})

    assert companies.settings_of(company).sap_company_db == "SBODEMO"


def test_a_secret_is_looked_up_where_it_is_kept(base, monkeypatch, tmp_path):
    base(**SHARED)
    monkeypatch.setenv("PASSWORD_OF_B", "from the environment")
    (tmp_path / "password").write_text("from a file\n")

    by_name = registry.add("B", {"sap_password": "env:PASSWORD_OF_B"})
    by_file = registry.add("C", {"sap_password": f"file:{tmp_path / 'password'}"})

    assert companies.settings_of(by_name).sap_password == "from the environment"
    assert companies.settings_of(by_file).sap_password == "from a file"
    assert by_name.own_settings == {"sap_password": "env:PASSWORD_OF_B"}


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"sap_password": "hunter2"}, "a secret stays out of the database"),
        ({"sap_password": "env:NOT_SET_HERE"}, "NOT_SET_HERE is not set"),
        ({"sap_password": "file:/no/such/file"}, "/no/such/file can't be read"),
        ({"every": "often"}, "ORDERMIRROR_EVERY: use a number and a unit"),
        ({"sap_url": "http://elsewhere:50001/b1s/v2"}, "would send the password unencrypted"),
        ({"database_url": "sqlite:///x"}, "is for all companies together"),
        ({"evry": "5m"}, "did you mean ORDERMIRROR_EVERY"),
    ],
)
def test_settings_that_are_wrong_add_nothing(base, texts, problem):
    base(**SHARED)

    with pytest.raises(ConfigError) as caught:
        registry.add("B", texts)

    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert not Company.objects.exists()


def test_an_empty_text_makes_a_setting_everybody_s_again(base):
    base(**SHARED)
    company = registry.add("B", {"every": "10m", "time_zone": "Asia/Dubai"})

    registry.change(company, {"every": ""})

    assert company.own_settings == {"time_zone": "Asia/Dubai"}


def test_the_company_of_the_environment_is_refreshed_beside_those_added(base):
    base(**SHARED, sap_company_db="A")
    registry.add("B", {})
    Company.objects.create(company_db="kept from before")

    assert [it.company_db for it in companies.to_refresh()] == ["B", "A"]


def test_a_paused_company_is_not_refreshed_until_it_is_resumed(base):
    base(**SHARED)
    company = registry.add("B", {})

    registry.pause(company)
    paused = companies.to_refresh(), companies.waiting(now=timezone.now())
    registry.resume(company)

    assert paused == ([], [])
    assert companies.to_refresh() == [company]


def test_settings_that_went_wrong_fail_one_company_where_people_look(base, monkeypatch):
    base(**SHARED)
    monkeypatch.setenv("PASSWORD_OF_B", "x")
    company = registry.add("B", {"sap_password": "env:PASSWORD_OF_B"})
    monkeypatch.delenv("PASSWORD_OF_B")

    companies.refresh(company)

    failed = SyncRun.objects.get()
    assert (failed.outcome, "PASSWORD_OF_B is not set" in failed.problem) == ("failed", True)


@pytest.mark.django_db(transaction=True)
def test_each_company_is_read_from_its_own_sap(base):
    base(sap_user="manager", sap_password="sandbox")
    with mirrored(orders=5, seed=1) as one, mirrored(orders=9, seed=2) as other:
        Company.objects.all().delete()
        registry.add("SMALL", {"sap_url": one.url, "sap_company_db": "SBODEMO"})
        registry.add("LARGE", {"sap_url": other.url, "sap_company_db": "SBODEMO"})

        outcomes = [companies.refresh(it).outcome for it in companies.to_refresh()]

    assert outcomes == ["complete", "complete"]
    counts = [
        SalesOrder.objects.filter(company__company_db=it).count() for it in ("SMALL", "LARGE")
    ]
    assert counts == [5, 9]


def test_what_has_waited_longest_comes_first(base):
    base(**SHARED, every=timedelta(minutes=5))
    now = timezone.now()
    for name, ago in (("A", 1), ("B", 30), ("C", 12)):
        registry.add(name, {})
        make_run(company_db=name, age=timedelta(minutes=ago))
    Company.objects.update(created_at=now - timedelta(minutes=62))

    found = companies.waiting(now=now)

    assert [it.company.company_db for it in found] == ["B", "C", "A"]
    assert [it.seconds <= 0 for it in found] == [True, True, False]


def test_a_company_s_own_cadence_counts(base):
    base(**SHARED, every=timedelta(minutes=1))
    now = timezone.now()
    registry.add("SLOW", {"every": "1h"})
    Company.objects.update(created_at=now - timedelta(minutes=50))
    make_run(company_db="SLOW", age=timedelta(minutes=20))

    [waiting] = companies.waiting(now=now)

    assert waiting.seconds == pytest.approx(600)


def test_a_cadence_that_is_typed_decides_what_is_old_in_every_process(base, monkeypatch):
    base(every=timedelta(minutes=5))
    monkeypatch.setenv("ORDERMIRROR_EVERY", "5m")
    company = Company.objects.create(company_db="A")

    run.refresh_every(timedelta(hours=4))

    assert last_runs.read_of(company).limit == timedelta(hours=8)
    assert conf.load(conf.read_environment()).every == timedelta(hours=4)


def test_a_company_waits_for_the_end_of_its_own_quiet_hours(base):
    base(**SHARED)
    registry.add("B", {"sap_quiet_hours": "22:00-06:00", "time_zone": "Asia/Dubai"})
    registry.add("C", {})
    now = datetime(2026, 1, 5, 20, 0, tzinfo=UTC)  # midnight in Dubai

    found = {it.company.company_db: it.seconds for it in companies.waiting(now=now)}

    assert found["B"] == timedelta(hours=6).total_seconds()
    assert found["C"] <= 0


def test_removing_a_company_keeps_its_orders(base):
    base(**SHARED)
    company = registry.add("B", {})
    make_order(company_db="B")

    registry.remove(company)

    assert companies.waiting(now=timezone.now()) == []
    assert SalesOrder.objects.filter(company=company).count() == 1


def test_a_removed_company_can_be_taken_up_again(base):
    base(**SHARED)
    company = registry.add("B", {})
    registry.remove(company)

    with pytest.raises(OrderMirrorError, match="company add"):
        registry.resume(company)
    registry.add("B", {})

    assert companies.to_refresh() == [company]


@pytest.mark.django_db(transaction=True)
def test_deleting_a_company_takes_its_rows_and_no_others(base):
    base(**SHARED)
    for name in ("A", "B"):
        registry.add(name, {})
        order = make_order(company_db=name)
        make_line(order)
        make_change(order)
        make_person(company_db=name)
        make_run(company_db=name)
        OrderNote.objects.create(order=order.pk, author="amal", at=timezone.now(), text="x")

    registry.delete(Company.objects.get(company_db="A"))

    assert [it.company_db for it in Company.objects.all()] == ["B"]
    counts = [model.objects.count() for model in (SalesOrder, OrderLine, SyncRun, OrderNote)]
    assert counts == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_company_is_not_deleted_under_a_run(base):
    base(**SHARED)
    company = registry.add("A", {})
    make_order(company_db="A")

    with held(company.pk), pytest.raises(SyncAlreadyRunning):
        registry.delete(company)

    assert SalesOrder.objects.count() == 1


def test_the_company_of_the_environment_is_not_removed(base):
    base(**SHARED, sap_company_db="A")
    [company] = companies.to_refresh()

    with pytest.raises(OrderMirrorError, match="take it out there first"):
        registry.remove(company)


def test_a_new_company_goes_on_with_the_settings_of_the_old_one(base):
    base(**SHARED)
    company = registry.add("B", {"every": "10m"})

    conflicts.new_company(company)

    [refreshed] = companies.to_refresh()
    assert (refreshed.company_db, refreshed.own_settings) == ("B", {"every": "10m"})
    assert refreshed.pk != company.pk


def test_which_company_is_meant_must_be_said_where_there_are_several(base):
    for name in ("A", "B"):
        Company.objects.create(company_db=name)

    with pytest.raises(ConfigError, match="--company NAME"):
        companies.to_read()

    assert companies.to_read("B").company_db == "B"
    base(sap_company_db="A")
    assert companies.to_read().company_db == "A"
