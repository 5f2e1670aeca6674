"""See what is wrong, remember it, and tell what is news.

Several processes may look at once. The database decides who notes that a trouble began or ended,
and who tells it: a message goes out once, unless its channel fails; then it is tried again at the
next look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from ordermirror import last_runs
from ordermirror.alerts import messages
from ordermirror.alerts.channels import Channel, ChannelError
from ordermirror.alerts.conditions import (
    LATELY,
    Limits,
    Subject,
    Trouble,
    Watched,
    is_worth_telling,
    troubles,
)
from ordermirror.alerts.messages import Message
from ordermirror.alerts.models import Alert
from ordermirror.last_runs import LastRuns, Outcome
from ordermirror.models import Company, Quarantine, SyncRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How to look: from when on something is wrong, whom to tell, and when to be quiet."""

    limits: Limits
    tell: Channel
    is_quiet: Callable[[datetime], bool] = lambda now: False

    def look(self, companies: QuerySet[Company], *, now: datetime) -> int:
        """Returns how many troubles stand. Those of other companies are over without a word."""
        others = Alert.objects.filter(standing=True).exclude(company__in=companies.values("pk"))
        others.update(standing=None, ended_at=now, end_told=True)
        standing = 0
        for company in companies.order_by("pk").annotate(**last_runs.columns("pk")):
            runs = last_runs.of(company, company)
            found = troubles(watched(company, runs, now=now), self.limits, now=now)
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


def watched(company: Company, runs: LastRuns, *, now: datetime) -> Watched:
    """Four small statements, whatever the size of the tables."""
    fresh_as_of = runs.as_of or company.created_at
    wrong = SyncRun.objects.filter(
        company=company, outcome__in=(Outcome.FAILED, Outcome.INCOMPLETE)
    )
    quarantine = Quarantine.objects.filter(company=company)
    standing = Alert.objects.filter(company=company, subject=Subject.REFRESH, standing=True)
    return Watched(
        fresh_as_of=fresh_as_of,
        waited=last_runs.waited(runs, since=fresh_as_of, now=now),
        limit=runs.limit,
        stands=standing.exists(),
        failed_since=(wrong.filter(started_at__gt=runs.as_of) if runs.as_of else wrong).count(),
        last_problem=runs.last_problem,
        conflict=company.conflict,
        quarantined=quarantine.count(),
        quarantined_lately=quarantine.filter(first_seen_at__gt=now - LATELY).count(),
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
