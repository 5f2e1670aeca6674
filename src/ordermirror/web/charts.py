"""Small pictures of runs as inline SVG, drawn on the server: the content policy allows no script.

Colours come from the style sheet by class. Each picture has a text beside it or a table behind it,
and each mark a title. Numbers alone are put into the markup by hand; texts are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STRIP_HEIGHT = 40
MINUTES = 1440
WIDTHS = {"failed": 5, "incomplete": 5}
WIDTH = 3
"""A strip is a day wide, in minutes; a run of seconds is as wide as this."""
BAR, GAP, TREND_HEIGHT = 8, 2, 60


class Mark(NamedTuple):
    """A run, or what runs of the same time slot have in common."""

    at: datetime
    seconds: float | None
    kind: str
    title: str


class Bar(NamedTuple):
    """A value, or None where there is none, with its title."""

    value: float | None
    title: str


def strip(marks: Sequence[Mark], *, now: datetime, label: str) -> SafeString:
    """The last 24 hours. Good runs stand on the ground, taller the longer they took; those that
    went wrong hang from the top in full height, so that colour is not all that tells them."""
    begin, longest = now - timedelta(minutes=MINUTES), _longest(marks)
    drawn = (
        (*_across(mark, begin), *_upright(mark, longest), mark.kind, mark.title) for mark in marks
    )
    bars = format_html_join(
        "",
        '<rect x="{}" width="{}" y="{}" height="{}" class="run-{}"><title>{}</title></rect>',
        drawn,
    )
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        MINUTES, STRIP_HEIGHT, label, bars,
    )  # fmt: skip


def trend(bars: Sequence[Bar], *, label: str) -> SafeString:
    """One bar for each day, the highest as high as the picture."""
    highest = max((bar.value or 0 for bar in bars), default=0) or 1
    drawn = []
    for place, bar in enumerate(bars):
        high = _at_least(TREND_HEIGHT * (bar.value or 0) / highest, bar.value)
        drawn.append((place * (BAR + GAP), f"{TREND_HEIGHT - high:.1f}", f"{high:.1f}", bar.title))
    marks = format_html_join(
        "",
        '<rect x="{}" y="{}" width="8" height="{}"><title>{}</title></rect>',
        drawn,
    )
    return format_html(
        '<svg class="trend" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        max(len(bars) * (BAR + GAP) - GAP, 1), TREND_HEIGHT, label, marks,
    )  # fmt: skip


def share(part: float, whole: float) -> SafeString:
    """A bar as long as the part is of the whole; the figures stand beside it."""
    percent = 100 * part / whole if whole else 0
    return format_html(
        '<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="share-all" width="100" height="8"></rect>'
        '<rect class="share-part" width="{}" height="8"></rect></svg>',
        f"{percent:.1f}",
    )


def _upright(mark: Mark, longest: float) -> tuple[str, str]:
    """Where it begins and how high it is."""
    if mark.kind in WIDTHS:
        return "0", str(STRIP_HEIGHT)
    high = STRIP_HEIGHT * (0.2 + 0.6 * sqrt(min((mark.seconds or 0) / longest, 1)))
    return f"{STRIP_HEIGHT - high:.1f}", f"{high:.1f}"


def _longest(marks: Sequence[Mark]) -> float:
    return max((mark.seconds or 0 for mark in marks), default=0) or 1


def _across(mark: Mark, begin: datetime) -> tuple[str, int]:
    """Where it begins and how wide it is."""
    minutes, width = (mark.at - begin).total_seconds() / 60, WIDTHS.get(mark.kind, WIDTH)
    return f"{min(max(minutes, 0), MINUTES - width):.1f}", width


def _at_least(high: float, value: float | None) -> float:
    """What is not nothing is seen."""
    return max(high, 1.5) if value else 0
