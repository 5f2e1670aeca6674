"""`ordermirror alerts`: what is wrong now and was lately, and a test of the ways it is told."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from ordermirror.alerts.conditions import Kind
from ordermirror.alerts.lookout import send_test
from ordermirror.alerts.models import Alert
from ordermirror.cli import output
from ordermirror.cli.main import FAILED
from ordermirror.database import require_tables

MOST = 50
COLUMNS = ("company", "what", "from", "until", "detail")


def run(arguments: Namespace) -> int:
    require_tables()
    if arguments.action == "test":
        return _test()
    alerts = Alert.objects.select_related("company").order_by("-began_at", "-id")[:MOST]
    if arguments.json:
        output.json([_facts(alert) for alert in alerts])
    elif alerts:
        output.table("Alerts", COLUMNS, map(_row, alerts))
    else:
        output.say("Nothing is wrong, and nothing was.")
    return 0


def _test() -> int:
    problems = send_test(settings.ORDERMIRROR)
    if problems:
        output.problem(*problems)
        return FAILED
    output.say("Sent. Look whether it has arrived.")
    return 0


def _row(alert: Alert) -> Sequence[str]:
    until = _clock(alert.ended_at) if alert.ended_at else "now"
    label = Kind(alert.kind).label
    return (alert.company.company_db, label, _clock(alert.began_at), until, alert.detail)


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def _facts(alert: Alert) -> dict[str, Any]:
    return {
        "company": alert.company.company_db,
        "kind": alert.kind,
        "standing": bool(alert.standing),
        "began_at": alert.began_at.isoformat(timespec="seconds"),
        "ended_at": alert.ended_at.isoformat(timespec="seconds") if alert.ended_at else None,
        "detail": alert.detail,
        "told": bool(alert.told_kind),
    }
