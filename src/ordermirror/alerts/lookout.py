"""Look whether anything is wrong, by the settings."""

from __future__ import annotations

from datetime import datetime

from ordermirror import companies
from ordermirror.alerts import channels, messages
from ordermirror.alerts.conditions import Limits
from ordermirror.alerts.watch import Watch
from ordermirror.conf import Settings
from ordermirror.models import Company


def look(settings: Settings, *, now: datetime) -> None:
    """Tell what is news, and ping when something is refreshed and nothing is wrong.

    Companies that are paused, or only kept, are let be.
    """
    refreshed = Company.objects.filter(companies.refreshed(), paused_at=None)
    standing = watch_of(settings).look(refreshed, now=now)
    if settings.alert_ping_url and not standing and refreshed.exists():
        channels.ping(settings.alert_ping_url)


def send_test(settings: Settings) -> list[str]:
    """Tell everybody a test; returns what went wrong, in words."""
    ways, problems = channels_of(settings), []
    if not ways:
        return [
            "Nobody is told: set ORDERMIRROR_ALERT_EMAILS and ORDERMIRROR_EMAIL_URL, "
            "or ORDERMIRROR_ALERT_URLS."
        ]
    for way in ways:
        try:
            way(messages.TEST)
        except channels.ChannelError as exc:
            problems.append(str(exc))
    return problems


def watch_of(settings: Settings) -> Watch:
    limits = Limits(
        stale_after=settings.alert_stale_after,
        failed_times=settings.alert_failed_times,
        quarantined=settings.alert_quarantined,
        quarantine_growth=settings.alert_quarantine_growth,
    )
    tell = channels.all_of(channels_of(settings))
    return Watch(limits=limits, tell=tell, is_quiet=settings.tells_nobody)


def channels_of(settings: Settings) -> list[channels.Channel]:
    """None when nobody is to be told; the pages show what is wrong all the same."""
    ways = []
    if settings.email_url and settings.alert_emails:
        sender, to = settings.email_from, settings.alert_emails
        ways.append(channels.email(settings.email_url, sender=sender, to=to))
    if settings.alert_urls:
        ways.append(channels.apprise(settings.alert_urls))
    return ways
