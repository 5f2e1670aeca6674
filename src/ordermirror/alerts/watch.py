"""After each refresh: see what is wrong, remember it, and tell what is news.

Several processes may look at once. The database decides who notes that a trouble began or ended,
and who tells it: a message goes out once, unless its channel fails; then it is tried again at the
next look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ordermirror.alerts import messages
from ordermirror.alerts.channels import Channel, ChannelError
from ordermirror.alerts.conditions import (
    Limits,
    Subject,
    Trouble,
    Watched,
    is_worth_telling,
    troubles,
)
from ordermirror.alerts.messages import Message
from ordermirror.alerts.models import Alert
from ordermirror.models import Company, Quarantine, SyncRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How to look: from when on something is wrong, whom to tell, and when to be quiet."""

    limits: Limits
    tell: Channel
    is_quiet: Callable[[datetime], bool] = lambda now: False

    def look(self, companies: Iterable[Company], *, now: datetime) -> int:
        """Returns how many troubles stand."""
        standing = 0
        for company in companies:
            found = troubles(watched(company), self.limits, now=now)
            standing += len(found)
            _note(company, found, now)
            if not self.is_quiet(now):
                self._tell_news(company)
        return standing

    def _tell_news(self, company: Company) -> None:
        for alert in Alert.objects.filter(company=company, standing=True):
            if is_worth_telling(alert.kind, told=alert.told_kind):
                self._tell_once(messages.began(company, alert), alert, told_kind=alert.kind)
        ended = Alert.objects.filter(company=company, standing=None, end_told=False)
        # A trouble that nobody has heard of is over without a word.
        for alert in ended.exclude(told_kind=""):
            self._tell_once(messages.ended(company, alert), alert, end_told=True)

    def _tell_once(self, message: Message, alert: Alert, **told: Any) -> None:
        """Only who notes first that it was told tells it."""
        untold = {field: getattr(alert, field) for field in told}
        if not Alert.objects.filter(pk=alert.pk, **untold).update(**told):
            return
        try:
            self.tell(message)
        except ChannelError as exc:
            Alert.objects.filter(pk=alert.pk, **told).update(**untold)
            logger.error("an alert could not be sent, and is tried again: %s", exc)


def watched(company: Company) -> Watched:
    """Four small statements, whatever the size of the tables."""
    runs = SyncRun.objects.filter(company=company).order_by("-started_at", "-id")
    complete = runs.filter(outcome=SyncRun.Outcome.COMPLETE).first()
    since = runs.filter(outcome__in=(SyncRun.Outcome.FAILED, SyncRun.Outcome.INCOMPLETE))
    if complete:
        since = since.filter(started_at__gt=complete.started_at)
    last = since.first()
    return Watched(
        fresh_as_of=complete.started_at if complete else company.created_at,
        failed_since=since.count(),
        last_problem=last.problem if last else "",
        conflict=company.conflict,
        quarantined=Quarantine.objects.filter(company=company).count(),
    )


def _note(company: Company, found: dict[Subject, Trouble], now: datetime) -> None:
    """What stands, what changed, what is over."""
    standing = Alert.objects.filter(company=company, standing=True)
    for subject, trouble in found.items():
        alert, begun = Alert.objects.get_or_create(
            company=company,
            subject=subject,
            standing=True,
            defaults={**trouble._asdict(), "began_at": now},
        )
        if not begun and (alert.kind, alert.detail) != trouble:
            Alert.objects.filter(pk=alert.pk).update(**trouble._asdict())
    standing.exclude(subject__in=found).update(standing=None, ended_at=now)
