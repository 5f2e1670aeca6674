"""The Celery application: `celery -A ordermirror.project.celery worker`, and `beat` once."""

from __future__ import annotations

import os

import django
from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordermirror.project.settings")
django.setup()

from ordermirror.checks import check_celery  # noqa: E402 - Django comes first
from ordermirror.tasks import KILLED_AFTER, SCHEDULE  # noqa: E402

if not settings.ORDERMIRROR.broker_url:
    raise ImproperlyConfigured("Celery needs ORDERMIRROR_BROKER_URL, such as redis://host:6379/0")
for problem in check_celery():  # Celery itself runs Django's checks and goes on
    raise ImproperlyConfigured(str(problem))

app = Celery("ordermirror", include=["ordermirror.tasks"])
app.conf.update(
    broker_url=settings.ORDERMIRROR.broker_url,
    broker_connection_retry_on_startup=True,
    task_default_queue=settings.ORDERMIRROR.broker_queue,
    task_ignore_result=True,
    # A message is done when its run has ended; that of a lost worker comes again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=KILLED_AFTER.total_seconds(),
    # Redis hands out again what was not acknowledged for so long.
    broker_transport_options=(
        {"visibility_timeout": 2 * KILLED_AFTER.total_seconds()}
        if settings.ORDERMIRROR.broker_url.startswith("redis")
        else {}
    ),
    # Nothing to keep in a file, nothing to edit; a tick that was missed is not made up for.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule=SCHEDULE,
    # Our own logging, and no chatter among workers.
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
)
