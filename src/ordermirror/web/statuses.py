"""The badge of an order or line: a word, an icon and a colour together, never a colour alone."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.records import OPEN


class Badge(NamedTuple):
    """`kind` names both the style sheet's class and the icon."""

    kind: str
    word: str


WORDS = {
    OPEN: gettext_noop("Open"),
    "closed": gettext_noop("Closed"),
    "paid": gettext_noop("Paid"),
    "delivered": gettext_noop("Delivered"),
}


def badge_of(status: str | None, *, cancelled: bool = False) -> Badge:
    """SAP's unknown words are shown as they came."""
    if cancelled:
        return Badge("cancelled", _("Cancelled"))
    if status is None:
        return Badge("other", _("Unknown"))
    kind = OPEN if status == OPEN else "closed" if status in WORDS else "other"
    return Badge(kind, _(WORDS[status]) if status in WORDS else status)
