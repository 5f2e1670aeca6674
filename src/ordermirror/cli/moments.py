"""Moments as the command line shows them: in the TIME_ZONE setting, to the second."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def at(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else "-"
