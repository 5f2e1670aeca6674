"""What goes on beside refreshes, by the embedded scheduler and by Celery."""

from __future__ import annotations

import threading
from argparse import Namespace
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from ordermirror import background, companies, retention, tasks
from ordermirror.alerts.models import Alert
from ordermirror.cli import run
from ordermirror.lease import held
from ordermirror.models import Company, SalesOrder, SyncRun
from tests.support import mirrored
from tests.web_builders import make_company, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hangs():
    """A company whose refresh began an hour ago and has not ended."""
    make_run(age=timedelta(hours=2))
    make_run(outcome="running", age=timedelta(hours=1))


def test_a_refresh_that_hangs_is_noticed_by_the_embedded_scheduler(hangs, settings, monkeypatch):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, every=timedelta(minutes=5))
    looked = threading.Event()
    look = background.look
    monkeypatch.setattr(background, "look", lambda: (look(), looked.set()))
    monkeypatch.setattr(background, "LOOK_EVERY", timedelta(milliseconds=1))
    monkeypatch.setattr("ordermirror.companies.waiting", lambda **_: [])

    def serve(host, port, on_start):
        on_start()
        assert looked.wait(10)

    monkeypatch.setattr(run, "serve", serve)
    run.run(Namespace(every=None, host=None, port=None))

    assert Alert.objects.get().kind == "stale"


def test_a_refresh_that_hangs_is_noticed_by_celery(hangs):
    tasks.look()

    assert Alert.objects.get().kind == "stale"


@pytest.fixture
def loadable(settings):
    """A company that was never refreshed, beside its SAP."""
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, sap_user="manager", sap_password="sandbox")
    with mirrored(orders=5) as mirror:
        own = {"sap_url": mirror.url, "sap_company_db": "SBODEMO"}
        Company.objects.update(own_settings=own)
        yield Company.objects.get()


def test_a_message_that_comes_twice_refreshes_once(loadable):
    tasks.refresh(loadable.pk)
    tasks.refresh(loadable.pk)

    assert [run.outcome for run in SyncRun.objects.all()] == ["complete"]


def test_a_message_that_comes_while_another_worker_refreshes_writes_nothing(loadable):
    with held(loadable.pk):
        tasks.refresh(loadable.pk)

    assert not SalesOrder.objects.exists()
    assert [run.outcome for run in SyncRun.objects.all()] == ["busy"]


@pytest.mark.parametrize("gone", [{"paused_at": timezone.now()}, {"own_settings": None}])
def test_a_message_for_a_company_that_is_refreshed_no_more_does_nothing(loadable, gone):
    make_company("STILL THERE")
    Company.objects.filter(pk=loadable.pk).update(**gone)

    tasks.refresh(loadable.pk)

    assert not SyncRun.objects.exists()


def test_a_tick_sends_a_message_for_each_company_that_is_due(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.refresh, "apply_async", lambda words, expires: sent.append(words))
    for name, minutes in (("JUST NOW", 1), ("DUE", 30), ("PAUSED", 31)):
        make_run(company_db=name, age=timedelta(minutes=minutes))
    Company.objects.update(created_at=timezone.now() - timedelta(minutes=62))
    Company.objects.filter(company_db="PAUSED").update(paused_at=timezone.now())

    tasks.tick()

    due = Company.objects.get(company_db="DUE")
    assert companies.due_now(now=timezone.now()) == [due]
    assert sent == [(due.pk,)]


def test_celery_prunes():
    make_run(age=timedelta(days=100))
    kept = make_run(age=timedelta(days=95))

    tasks.prune()

    assert SyncRun.objects.get() == kept


@pytest.mark.parametrize("work", ["prune", "refresh_if_due"])
def test_a_task_is_asked_to_end_before_its_worker_is_killed(work, monkeypatch):
    asked = []

    def worked(*words, stopping, **known):
        asked.append(stopping())
        monkeypatch.setattr(tasks, "LONGEST", timedelta(seconds=-1))
        asked.append(stopping())

    owner = retention if work == "prune" else background
    monkeypatch.setattr(owner, work, worked)
    tasks.prune() if work == "prune" else tasks.refresh(1)

    assert asked == [False, True]


@pytest.mark.parametrize("name", tasks.SCHEDULE)
def test_what_the_beat_sends_is_a_task(name):
    entry = tasks.SCHEDULE[name]

    assert entry["task"] in current_app.tasks


def test_a_run_is_asked_to_end_well_before_its_worker_is_killed():
    assert tasks.LONGEST + timedelta(minutes=2) < tasks.KILLED_AFTER < timedelta(minutes=30)
