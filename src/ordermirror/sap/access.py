"""How the settings say SAP is reached."""

from __future__ import annotations

from ordermirror.conf import Settings
from ordermirror.sap.session import Access


def access_of(settings: Settings) -> Access:
    """Raises ConfigError when a setting that is needed for it is missing."""
    settings.require_sap()
    return Access(
        url=settings.sap_url or "",
        company_db=settings.sap_company_db or "",
        user=settings.sap_user or "",
        password=settings.sap_password or "",
        ca_file=settings.sap_ca_file,
        total_seconds=settings.sap_timeout.total_seconds(),
        parallel=settings.sap_parallel,
    )
