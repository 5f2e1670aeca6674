"""Django's system checks: combinations of settings that would work badly instead of not at all."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_celery(**_: Any) -> list[CheckMessage]:
    """Celery's beat and workers ask this before they begin, and then do not."""
    trouble = settings.ORDERMIRROR.celery_trouble()
    if not trouble:
        return []
    hint = "Set ORDERMIRROR_DATABASE_URL to PostgreSQL or MariaDB, or use `ordermirror run` alone."
    return [Error(trouble, hint=hint, id="ordermirror.E001")]
