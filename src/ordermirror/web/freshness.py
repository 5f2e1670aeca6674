"""How old the mirror is and whether its last run went well, in words for every page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror import companies, last_runs
from ordermirror.last_runs import LastRuns, Quiet, State, state_of
from ordermirror.web import formats
from ordermirror.web.live import Live, live_of


class Conflict(NamedTuple):
    """Why nothing is written for a company until a person decides."""

    company_db: str
    text: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The state of a company at `now`; of several, of the one that is worst off.

    `company_db` is told where there are several; `others` are those that are not fresh either.
    """

    state: State
    runs: LastRuns | None
    now: datetime
    every: timedelta
    quiet: Quiet
    company_db: str = ""
    others: tuple[Freshness, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def told(self) -> tuple[Freshness, ...]:
        return (self, *self.others)

    @property
    def as_of_clock(self) -> str:
        return formats.clock(self.runs.as_of, self.now) if self.runs and self.runs.as_of else ""

    @property
    def as_of_ago(self) -> str:
        return formats.ago(self.runs.as_of, self.now) if self.runs and self.runs.as_of else ""

    @property
    def title(self) -> str:
        return {
            State.FRESH: _("The data is up to date."),
            State.QUIET: self._quiet_title,
            State.PAUSED: _("Refreshing is paused."),
            State.LATE: _("The data is late."),
            State.INCOMPLETE: _("The last refresh was incomplete."),
            State.FAILED: _("The last refresh failed."),
            State.NEVER: _("Nothing is complete yet."),
        }[self.state]

    @property
    def detail(self) -> str:
        """The age of what is shown, and what that means."""
        if not self.as_of_clock:
            return _("No refresh has finished so far, so orders may be missing.")
        age = _("Data as of %(clock)s (%(ago)s).") % {
            "clock": self.as_of_clock,
            "ago": self.as_of_ago,
        }
        if self.state is State.QUIET:
            if self.quiet.until:
                return age + " " + _("SAP is not asked before then.")
            return age + " " + _("The next refresh is due now.")
        if self.state is State.LATE:
            every = formats.interval(self.every)
            return age + " " + _("A refresh is due every %(every)s.") % {"every": every}
        if self.state is State.INCOMPLETE:
            return age + " " + _("Newer changes may be missing.")
        return age

    @property
    def look(self) -> str:
        """The style and the icon that go with the state."""
        return State.LATE if self.state is State.PAUSED else self.state

    @property
    def _quiet_title(self) -> str:
        if self.quiet.until:
            return _("Quiet until %(clock)s.") % {"clock": f"{self.quiet.until:%H:%M}"}
        if self.quiet.ended:
            return _("Quiet hours ended at %(clock)s.") % {"clock": f"{self.quiet.ended:%H:%M}"}
        return ""

    @property
    def running(self) -> bool:
        return self.runs is not None and self.runs.running_since is not None

    @property
    def live(self) -> Live | None:
        """Of the first load under way, while nothing is complete."""
        if self.runs is None or self.state is not State.NEVER:
            return None
        return live_of(self.runs, now=self.now)


def read_last_runs(user: Any) -> tuple[LastRuns, ...]:
    """Of the companies that the user may see; one statement."""
    return last_runs.read(companies.visible_to(user))


def in_zone_of(found: Sequence[LastRuns]) -> AbstractContextManager[None]:
    """Moments are shown in the zone of the company, and in everybody's where there are several."""
    if len(found) != 1:
        return nullcontext()
    return timezone.override(ZoneInfo(found[0].settings.time_zone))


def freshness_of(found: Sequence[LastRuns], *, now: datetime) -> Freshness:
    if not found:
        every = settings.ORDERMIRROR.every
        return Freshness(state=State.NEVER, runs=None, now=now, every=every, quiet=Quiet())
    order = list(State)
    each = [
        _of_one(runs, now, company_db=runs.company_db if len(found) > 1 else "") for runs in found
    ]
    worst = max(each, key=lambda it: order.index(it.state))
    others = tuple(it for it in each if it is not worst and it.state is not State.FRESH)
    conflicts = tuple(_conflict(runs, now) for runs in found if runs.conflict)
    return replace(worst, others=others, conflicts=conflicts)


def _of_one(runs: LastRuns, now: datetime, *, company_db: str) -> Freshness:
    quiet = last_runs.quiet_of(runs.settings, now)
    return Freshness(
        state=state_of(runs, now=now),
        runs=runs,
        now=now,
        every=runs.settings.every,
        quiet=quiet,
        company_db=company_db,
    )


def _conflict(runs: LastRuns, now: datetime) -> Conflict:
    since = formats.clock(runs.conflict_at, now) if runs.conflict_at else formats.MISSING
    return Conflict(runs.company_db, runs.conflict.rstrip(". "), since)


def current(found: Sequence[LastRuns]) -> Freshness:
    return freshness_of(found, now=timezone.now())
