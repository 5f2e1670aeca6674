"""How the settings say SAP is reached."""

from __future__ import annotations

from ordermirror.conf import GATEWAY, Settings, variable
from ordermirror.errors import ConfigError
from ordermirror.logs import hide
from ordermirror.sap.gateway_session import GatewayAccess
from ordermirror.sap.session import Access


def access_of(settings: Settings) -> Access:
    """Raises ConfigError when a setting that is needed for it is missing."""
    if settings.source == GATEWAY:
        raise ConfigError([f"{variable('source')} is {GATEWAY}; this asks the Service Layer"])
    settings.require_sap()
    hide(settings.sap_password)
    return Access(
        url=settings.sap_url or "",
        company_db=settings.sap_company_db or "",
        user=settings.sap_user or "",
        password=settings.sap_password or "",
        ca_file=settings.sap_ca_file,
        fingerprint=settings.sap_fingerprint,
        total_seconds=settings.sap_timeout.total_seconds(),
        parallel=settings.sap_parallel,
        calls_per_minute=settings.sap_calls_per_minute,
    )


def gateway_access_of(settings: Settings) -> GatewayAccess:
    """Raises ConfigError when a setting that is needed for it is missing."""
    settings.require_sap()
    hide(settings.gateway_token)
    return GatewayAccess(
        url=settings.gateway_url or "",
        token=settings.gateway_token or "",
        header=settings.gateway_header,
        ca_file=settings.sap_ca_file,
        fingerprint=settings.sap_fingerprint,
        total_seconds=settings.sap_timeout.total_seconds(),
        parallel=settings.sap_parallel,
        calls_per_minute=settings.sap_calls_per_minute,
    )
