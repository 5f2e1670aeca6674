"""What people are told, in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from ordermirror.alerts.conditions import Kind, Subject
from ordermirror.alerts.models import Alert
from ordermirror.models import Company


class Message(NamedTuple):
    """One e-mail or chat message; `good` when something is over."""

    title: str
    text: str
    good: bool = False


TEST = Message(
    "OrderMirror: a test", "This is a test. Alerts of OrderMirror come this way.", good=True
)


def began(company: Company, alert: Alert) -> Message:
    title = f"OrderMirror {company.company_db}: {Kind(alert.kind).label}"
    return Message(title, f"{_sentence(alert.detail)}\nSince {_clock(alert.began_at)}.")


def ended(company: Company, alert: Alert) -> Message:
    over = {
        Subject.REFRESH: "refreshes complete again",
        Subject.QUARANTINE: "orders are stored again",
        Subject.GROWTH: "fewer orders are set aside",
    }[Subject(alert.subject)]
    assert alert.ended_at is not None  # noqa: S101 - it is over
    lasted = length(alert.ended_at - alert.began_at)
    text = (
        f"It took {lasted}: from {_clock(alert.began_at)} to {_clock(alert.ended_at)}.\n"
        f"It was: {_sentence(alert.detail)}"
    )
    return Message(f"OrderMirror {company.company_db}: {over}", text, good=True)


def length(took: timedelta) -> str:
    """To the two largest units: "2 days 3 hours", "14 minutes"."""
    minutes = max(round(took.total_seconds() / 60), 1)
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    told = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number]
    return " ".join(told[:2])


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return text[:1].upper() + text[1:] + "."
