"""The company that is mirrored, and the source that the settings name for it."""

from __future__ import annotations

from collections.abc import Callable

from ordermirror.conf import Settings
from ordermirror.errors import ConfigError
from ordermirror.models import Company
from ordermirror.sap.service_layer import ServiceLayer
from ordermirror.sap.session import Access


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


def _service_layer(settings: Settings) -> ServiceLayer:
    access = Access(
        url=settings.sap_url or "",
        company_db=settings.sap_company_db or "",
        user=settings.sap_user or "",
        password=settings.sap_password or "",
        ca_file=settings.sap_ca_file,
        total_seconds=settings.sap_timeout.total_seconds(),
        parallel=settings.sap_parallel,
    )
    return ServiceLayer(
        access,
        page_size=settings.sap_page_size,
        light_page_size=settings.sap_light_page_size,
    )
