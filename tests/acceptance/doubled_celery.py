"""The product's Celery application behind a broker that delivers each refresh twice."""

from __future__ import annotations

from ordermirror.project.celery import app

refresh = app.tasks["ordermirror.refresh"]
send = refresh.apply_async


def send_twice(*words, **known):
    send(*words, **known)
    return send(*words, **known)


refresh.apply_async = send_twice
