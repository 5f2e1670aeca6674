"""What people do about refreshes: ask for one, pause, resume, read again, try again.

Each is written down with the person's name, in the transaction that does it. Pages and the command
line call the same functions.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ordermirror import registry
from ordermirror.alerts import lookout
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Action, Company, Probe
from ordermirror.store import pending, quarantine, reads
from ordermirror.store.pending import Found

PERMISSION = "ordermirror.steer"
MOST_REREAD = 2000
"""Orders that one wish may have read again; more are a new load."""
MOST_ACTIONS = 10


class By(NamedTuple):
    """Who does something, and when."""

    user: str
    at: datetime


def by(user: str) -> By:
    return By(user, timezone.now())


def sync_now(company: Company, who: By) -> None:
    """The scheduler, or Celery's tick, begins a refresh within seconds; quiet hours or not."""
    if company.paused_at:
        raise OrderMirrorError(f"refreshing {company.company_db} is paused; resume it first")
    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(asked_at=who.at)
        _write(company, who, Action.Kind.SYNC_NOW)


def pause(company: Company, who: By) -> None:
    """A run that is under way goes on to its end."""
    with transaction.atomic():
        registry.pause(company)
        _write(company, who, Action.Kind.PAUSE)


def resume(company: Company, who: By) -> None:
    """Raises OrderMirrorError for a company that was removed."""
    with transaction.atomic():
        registry.resume(company)
        _write(company, who, Action.Kind.RESUME)


def reread(company: Company, who: By, *, first: date, last: date) -> int:
    """Have the stored orders that were posted on these days read again by the next refresh.

    Returns how many. Raises OrderMirrorError when these are too many at once.
    """
    found = reads.posted_within(company.pk, first, last, most=MOST_REREAD + 1)
    if len(found) > MOST_REREAD:
        raise OrderMirrorError(
            f"more than {MOST_REREAD:,} orders were posted on these days; choose fewer days, or "
            "read everything again with `ordermirror sync --full`"
        )
    with transaction.atomic():
        pending.add(company.pk, dict.fromkeys(found, Found(Probe.HINT)), now=who.at)
        _write(company, who, Action.Kind.REREAD, f"{first} to {last}: {len(found)} orders")
    return len(found)


def retry(company: Company, who: By, doc_entries: list[int]) -> int:
    """Have the next refresh try these documents again, which were set aside; returns how many."""
    with transaction.atomic():
        tried = quarantine.retry_now(company.pk, doc_entries)
        if tried:
            named = ", ".join(map(str, sorted(doc_entries)[:MOST_ACTIONS]))
            _write(company, who, Action.Kind.RETRY, f"DocEntry {named}: {tried} tried again")
    return tried


def send_test_alert(company: Company, who: By) -> list[str]:
    """Send a test to all that are told of alerts; returns what went wrong."""
    problems = lookout.send_test(settings.ORDERMIRROR)
    _write(company, who, Action.Kind.TEST_ALERT, "failed" if problems else "")
    return problems


def last_actions(company_id: int) -> list[Action]:
    """Newest first; one step along the index."""
    return list(Action.objects.filter(company=company_id).order_by("-id")[:MOST_ACTIONS])


def _write(company: Company, who: By, kind: Action.Kind, detail: str = "") -> None:
    Action.objects.create(company=company, user=who.user, kind=kind, detail=detail, at=who.at)
