"""What goes on by the clock, whoever keeps it: the embedded scheduler or Celery's workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from ordermirror import companies
from ordermirror.alerts import lookout
from ordermirror.core.report import RunReport
from ordermirror.models import Company
from ordermirror.sap.service_layer import utc_now

LOOK_EVERY = timedelta(minutes=1)


def refresh(company: Company, *, stopping: Callable[[], bool]) -> RunReport:
    """Refresh, and tell people what is news."""
    try:
        return companies.refresh(company, stopping=stopping)
    finally:
        look()


def look() -> None:
    """Tell people what is news, though no refresh may have ended: one may hang, or none begin."""
    lookout.look(settings.ORDERMIRROR, now=utc_now())


def refresh_if_due(company_id: int, *, stopping: Callable[[], bool]) -> None:
    """Refresh, unless that was done meanwhile, or the company is paused or gone."""
    for company in companies.due_now(now=utc_now()):
        if company.pk == company_id:
            refresh(company, stopping=stopping)
