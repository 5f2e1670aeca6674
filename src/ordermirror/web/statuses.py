"""The badge of an order or line: a word, an icon and a colour together, never a colour alone."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.last_runs import State
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


STATES = {
    State.FRESH: gettext_noop("On time"),
    State.QUIET: gettext_noop("Quiet"),
    State.PAUSED: gettext_noop("Paused"),
    State.LATE: gettext_noop("Late"),
    State.INCOMPLETE: gettext_noop("Incomplete"),
    State.FAILED: gettext_noop("Down"),
    State.NEVER: gettext_noop("New"),
}
"""How a company's refreshes stand, in one word."""


def state_badge(state: State) -> Badge:
    return Badge(state, _(STATES[state]))


def badge_of(status: str | None, *, cancelled: bool = False) -> Badge:
    """SAP's unknown words are shown as they came."""
    if cancelled:
        return Badge("cancelled", _("Cancelled"))
    if status is None:
        return Badge("other", _("Unknown"))
    kind = OPEN if status == OPEN else "closed" if status in WORDS else "other"
    return Badge(kind, _(WORDS[status]) if status in WORDS else status)
