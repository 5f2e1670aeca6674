"""The company that is mirrored, and the source that the settings name for it."""

from __future__ import annotations

from collections.abc import Callable

from ordermirror.conf import Settings
from ordermirror.core.plan import Plan
from ordermirror.errors import ConfigError
from ordermirror.models import Company
from ordermirror.sap.access import access_of
from ordermirror.sap.service_layer import ServiceLayer


def to_refresh(settings: Settings) -> tuple[Company, Callable[[], ServiceLayer]]:
    """The company to refresh and a maker of its source; raises ConfigError when SAP is not set."""
    settings.require_sap()
    company, _ = Company.objects.get_or_create(company_db=settings.sap_company_db)
    return company, lambda: _service_layer(settings)


def to_read(settings: Settings) -> Company:
    """The company whose mirror is read; raises ConfigError when that is not clear."""
    companies = Company.objects.order_by("pk")
    if settings.sap_company_db:
        companies = companies.filter(company_db=settings.sap_company_db)
    found = list(companies[:2])
    if not found:
        raise ConfigError(["nothing is mirrored yet; run `ordermirror sync` first"])
    if len(found) > 1:
        raise ConfigError(["several companies are mirrored; set ORDERMIRROR_SAP_COMPANY_DB"])
    return found[0]


def plan_of(settings: Settings) -> Plan:
    return Plan(
        audit_open_within=settings.audit_open_within,
        audit_closed_within=settings.audit_closed_within,
        audit_most=settings.audit_most,
    )


def _service_layer(settings: Settings) -> ServiceLayer:
    return ServiceLayer(
        access_of(settings),
        page_size=settings.sap_page_size,
        light_page_size=settings.sap_light_page_size,
    )
