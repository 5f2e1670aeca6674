"""What goes on beside refreshes, by the embedded scheduler and by Celery."""

from __future__ import annotations

import threading
from argparse import Namespace
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import current_app

from ordermirror import background, tasks
from ordermirror.alerts.models import Alert
from ordermirror.cli import run
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


@pytest.mark.parametrize("name", tasks.SCHEDULE)
def test_what_the_beat_sends_is_a_task(name):
    entry = tasks.SCHEDULE[name]

    assert entry["task"] in current_app.tasks
