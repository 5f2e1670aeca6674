"""The companies that are mirrored: which are refreshed, with which settings, and who sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ordermirror import conf, sync
from ordermirror.conf import GATEWAY, QUERY_SERVICE, Settings
from ordermirror.core import due, report
from ordermirror.core.plan import Plan
from ordermirror.core.report import RunReport
from ordermirror.core.scope import Scope, prefixes
from ordermirror.errors import ConfigError
from ordermirror.models import Company, CompanyLimit, SyncRun
from ordermirror.sap.access import access_of, gateway_access_of
from ordermirror.sap.gateway import Gateway
from ordermirror.sap.service_layer import ServiceLayer, utc_now
from ordermirror.sap.source import SetSource, Source
from ordermirror.scheduler import Waiting
from ordermirror.store import runs
from ordermirror.store.remembering import Memory, memory_of
from ordermirror.sync import Progress


def to_refresh() -> list[Company]:
    """Those that were added and the one that the environment names, without those paused.

    Raises ConfigError when there are none, paused or not, or when SAP of the latter is not set.
    """
    found = _known()
    if ensure_named(found):
        found = _known()
    return [company for company in found if company.paused_at is None and _is_refreshed(company)]


def chosen(name: str | None) -> list[Company]:
    """The company of that name, or all to refresh; raises as `to_refresh` and `to_read` do."""
    found = to_refresh()
    return [to_read(name)] if name else found


def ensure_named(known: Sequence[Company] | None = None) -> bool:
    """Begin to mirror the company that the environment names; raises as `to_refresh` does.

    `known` are all companies; None: they are looked up. True when it was not known.
    """
    known = _known() if known is None else known
    base = settings.ORDERMIRROR
    added = [company.company_db for company in known if company.own_settings is not None]
    named = base.company()
    if named in added or (added and not named):
        return False
    base.require_sap()
    if any(company.company_db == named for company in known):
        return False
    return Company.objects.get_or_create(company_db=named)[1]


def _known() -> list[Company]:
    return list(Company.objects.order_by("pk"))


def _is_refreshed(company: Company) -> bool:
    """As `refreshed` has it."""
    return company.own_settings is not None or company.company_db == named_by_environment()


def refreshed() -> Q:
    """Companies that are refreshed unless they are paused; others are only kept."""
    return Q(own_settings__isnull=False) | Q(company_db=named_by_environment() or "")


def named_by_environment() -> str | None:
    name: str | None = settings.ORDERMIRROR.company()
    return name


def to_read(name: str | None = None) -> Company:
    """The company of that name, or the only one; raises ConfigError when that is not clear."""
    found = Company.objects.order_by("pk")
    if name:
        company = found.filter(company_db=name).first()
        if company is None:
            raise ConfigError([f"there is no company {name}; see `ordermirror company list`"])
        return company
    named = named_by_environment()
    few = list(found[:2])
    if not few:
        raise ConfigError(["nothing is mirrored yet; run `ordermirror sync` first"])
    if len(few) == 1:
        return few[0]
    company = found.filter(company_db=named or "").first()
    if company is None:
        raise ConfigError(["several companies are mirrored; say which with --company NAME"])
    return company


def visible_to(user: Any) -> QuerySet[Company]:
    """Those that a user may see: all, unless the user is limited to some."""
    limits = CompanyLimit.objects.filter(user=user.pk)
    mine = CompanyLimit.companies.through.objects.filter(
        companylimit__user=user.pk, company=OuterRef("pk")
    )
    return Company.objects.filter(~Exists(limits) | Exists(mine))


def settings_of(company: Company) -> Settings:
    """Everybody's settings with the company's own over them; raises ConfigError."""
    base, texts = settings.ORDERMIRROR, company.own_settings or {}
    try:
        own = conf.parse_own(texts, conf.whole_environment())
        name = {} if "sap_company_db" in own else {"sap_company_db": company.company_db}
        return conf.with_own(base, name | own)
    except ConfigError as exc:
        if not texts:
            raise
        raise ConfigError([f"{company.company_db}: {problem}" for problem in exc.problems]) from exc


def shown(company: Company) -> Settings:
    """Its settings but for its secrets, which need not be at hand: for clocks and pages."""
    texts = company.own_settings or {}
    plain = {name: text for name, text in texts.items() if name not in conf.SECRETS}
    return replace(settings.ORDERMIRROR, **conf.parse_own(plain, {}))


def refresh(
    company: Company,
    *,
    full: bool = False,
    reconcile: bool = False,
    progress: Progress = lambda done, total: None,
    stopping: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Refresh the mirror of a company once, as `sync.run_sync` does, with its own settings.

    `reconcile`: compare counts and sums with SAP's, though that may not be due. Settings that are
    wrong are recorded as a failed run, where people look.
    """
    try:
        chosen = settings_of(company)
        source = source_of(chosen)
    except ConfigError as exc:
        return _failed(company, str(exc))
    plan = plan_of(chosen)
    return sync.run_sync(
        company,
        source,
        lookback_days=chosen.lookback_days,
        plan=replace(plan, reconcile_every=timedelta(0)) if reconcile else plan,
        memory=memory(chosen),
        full=full,
        progress=progress,
        stopping=stopping,
    )


def due_now(*, now: datetime) -> list[Company]:
    """Companies whose refresh is due, the longest waiting first. Raises as `to_refresh` does."""
    ensure_named()
    return [company for seconds, company in waiting(now=now) if seconds <= 0]


def waiting(*, now: datetime, since: datetime | None = None) -> list[Waiting]:
    """Companies that are refreshed, the one that is due first, first. One statement.

    Slots are counted from `since`, or by each company's own moment, which spreads them.
    """
    found = Company.objects.filter(refreshed(), paused_at=None).annotate(**activity())
    moments = [(due_at(company, now, since), company.pk, company) for company in found]
    return [Waiting((at - now).total_seconds(), company) for at, _pk, company in sorted(moments)]


def due_at(company: Any, now: datetime, since: datetime | None = None) -> datetime:
    """Not in quiet hours, unless a person asked. `company` is annotated with `activity`."""
    if is_asked_for(company, now):
        return now
    chosen, begun = shown(company), since or company.created_at
    found = due.due_at(company.active_at, now=now, since=begun, every=chosen.every)
    return max(found, chosen.quiet_until(now) or found)


def is_asked_for(company: Any, now: datetime) -> bool:
    """Whether a person wants a refresh that has not begun since. A moment to come is of a clock
    that was put back, and tells nothing. `company` is annotated with `activity`."""
    asked, begun = company.asked_at, company.begun_at
    return asked is not None and asked <= now and (begun is None or begun < asked)


def activity() -> dict[str, Subquery]:
    """When a company's newest run began, and when it ended, or began if it has not."""
    newest = SyncRun.objects.filter(company=OuterRef("pk")).order_by("-id")
    ended = Coalesce(F("finished_at"), F("started_at"))
    return {
        "begun_at": Subquery(newest.values("started_at")[:1]),
        "active_at": Subquery(newest.values(at=ended)[:1]),
    }


def plan_of(settings: Settings) -> Plan:
    return Plan(
        audit_open_within=settings.audit_open_within,
        audit_closed_within=settings.audit_closed_within,
        audit_most=settings.audit_most,
        reconcile_every=settings.reconcile_every,
        recent_days=settings.gateway_days,
        first_days=settings.gateway_first_days,
    )


def memory(settings: Settings) -> Memory:
    """Where manufacturers are remembered between runs."""
    return memory_of(settings.cache_url, settings.cache_for)


def scope_of(settings: Settings, today: date) -> Scope:
    """Which orders are to be mirrored."""
    return Scope(
        customers=prefixes(settings.customers) if settings.customers else None,
        since=today - settings.history if settings.history else None,
    )


def source_of(settings: Settings) -> Source | SetSource:
    """Raises ConfigError when the settings do not say how to reach SAP."""
    scope = scope_of(settings, utc_now().astimezone(ZoneInfo(settings.time_zone)).date())
    if settings.source == GATEWAY:
        return Gateway(gateway_access_of(settings), scope=scope)
    return ServiceLayer(
        access_of(settings),
        page_size=settings.sap_page_size,
        light_page_size=settings.sap_light_page_size,
        joined_lines=settings.sap_lines == QUERY_SERVICE,
        scope=scope,
    )


def _failed(company: Company, problem: str) -> RunReport:
    result = RunReport(run=runs.start(company.pk, now=utc_now()))
    result.outcome, result.problem = report.FAILED, problem
    runs.finish(result, now=utc_now())
    return result
