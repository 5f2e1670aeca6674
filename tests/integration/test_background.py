"""What goes on beside refreshes, by the embedded scheduler and by Celery."""

from __future__ import annotations

import threading
from argparse import Namespace
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import current_app

from ordermirror import background, retention, tasks
from ordermirror.alerts.models import Alert
from ordermirror.cli import run
from ordermirror.models import SyncRun
from tests.web_builders import make_run

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
