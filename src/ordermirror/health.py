"""Whether the program can work, and whether its data is fresh enough: what machines ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import Error

from ordermirror import last_runs
from ordermirror.conf import Settings
from ordermirror.database import missing_migrations
from ordermirror.errors import ConfigError
from ordermirror.last_runs import LastRuns, State
from ordermirror.models import Company

UNREACHABLE = "the database can't be reached"
NOTHING_REFRESHED = (
    "no company is refreshed: name one in ORDERMIRROR_SAP_COMPANY_DB, "
    "or run `ordermirror company add`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyHealth:
    """One company's; `stale_because` is empty while all is well, and holds no names."""

    company_db: str
    state: State
    stale_because: str
    age_seconds: int | None
    last_run: int | None
    last_outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """That of all companies: fresh when each is. `age_seconds` is of the oldest data."""

    fresh: bool
    reason: str
    age_seconds: int | None
    limit_seconds: int
    companies: tuple[CompanyHealth, ...]


def not_ready_because() -> str:
    """Why requests should go elsewhere; empty when the database answers and has its tables."""
    try:
        missing = missing_migrations()
    except (ConfigError, Error):
        return UNREACHABLE
    return f"the database lacks {missing} migrations" if missing else ""


def read(settings: Settings, *, now: datetime) -> Health:
    """Of companies that are refreshed; raises django.db.Error when the database does not answer."""
    found = tuple(of(runs, now=now) for runs in last_runs.read())
    if not found:
        reasons = [NOTHING_REFRESHED if Company.objects.exists() else "nothing is mirrored yet"]
    else:
        reasons = [company.stale_because for company in found if company.stale_because]
    ages = [company.age_seconds for company in found]
    known = [age for age in ages if age is not None]
    return Health(
        fresh=not reasons,
        reason="; ".join(dict.fromkeys(reasons)),
        age_seconds=max(known) if known and len(known) == len(ages) else None,
        limit_seconds=round(last_runs.limit(settings.every).total_seconds()),
        companies=found,
    )


def of(runs: LastRuns, *, now: datetime) -> CompanyHealth:
    age = runs.age(now)
    return CompanyHealth(
        company_db=runs.company_db,
        state=last_runs.state_of(runs, now=now),
        stale_because=last_runs.stale_because(runs, now=now),
        age_seconds=None if age is None else round(age.total_seconds()),
        last_run=runs.last_id,
        last_outcome=runs.last_outcome,
    )
