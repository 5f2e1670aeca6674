"""Figures and moments as people read them. Pure: `now` is passed in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror.core.currency import decimals_of

MISSING = "–"


def amount(value: Decimal | None, currency: str | None) -> str:
    """1,234,567.50, with as many decimals as the currency has."""
    return MISSING if value is None else f"{value:,.{decimals_of(currency)}f}"


def price(value: Decimal | None, currency: str | None) -> str:
    """Like an amount, with more decimals where the price has them."""
    if value is None:
        return MISSING
    decimals = max(decimals_of(currency), -int(value.normalize().as_tuple().exponent))
    return f"{value:,.{decimals}f}"


def quantity(value: Decimal | None) -> str:
    """1,250.5: grouped, without trailing zeros."""
    if value is None:
        return MISSING
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date | None) -> str:
    return value.isoformat() if value else MISSING


def clock(at: datetime, now: datetime) -> str:
    """The time of day in the TIME_ZONE setting, with the date when that is not today."""
    local = timezone.localtime(at)
    same_day = local.date() == timezone.localtime(now).date()
    return local.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M")


def ago(at: datetime, now: datetime) -> str:
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)s min ago") % {"count": minutes}
    if minutes < 48 * 60:
        return _("%(count)s h ago") % {"count": minutes // 60}
    return _("%(count)s days ago") % {"count": minutes // (24 * 60)}


def length(seconds: float | None) -> str:
    """How long something took: 31 ms, 0.4 s, 38 s, 4 min 5 s, 2 h 10 min."""
    if seconds is None:
        return MISSING
    if 0 < seconds < 0.1:
        return f"{max(seconds * 1000, 1):.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def interval(value: timedelta) -> str:
    return length(value.total_seconds()).replace(".0", "").replace(" 0 s", "").replace(" 0 min", "")


def megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"


def plain(value: Decimal | None) -> str:
    """1250.5: as a person types it into a field, with neither grouping nor trailing zeros."""
    return "" if value is None else quantity(value).replace(",", "")
