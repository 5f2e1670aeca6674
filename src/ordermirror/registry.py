"""Adding, changing, pausing and removing companies."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from ordermirror import companies, lease
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Company
from ordermirror.owned import writing
from ordermirror.store import removal


def add(name: str, texts: Mapping[str, str]) -> Company:
    """Have a company refreshed; one that was removed without its data is taken up again.

    Raises ConfigError for settings that are wrong or missing, and then nothing is added.
    """
    with transaction.atomic():
        company, _ = Company.objects.get_or_create(company_db=name)
        if company.own_settings is not None:
            raise OrderMirrorError(f"{name} is there already; see `ordermirror company set`")
        company.paused_at = None
        _write(company, texts)
    return company


def change(company: Company, texts: Mapping[str, str]) -> None:
    """Change some of its own settings; an empty text makes it as for all. Raises as `add` does."""
    with transaction.atomic():
        _write(company, {**(company.own_settings or {}), **texts})


def pause(company: Company) -> None:
    """A run that is under way goes on to its end."""
    company.paused_at = company.paused_at or timezone.now()
    company.save(update_fields=["paused_at"])


def resume(company: Company) -> None:
    if not Company.objects.filter(companies.refreshed(), pk=company.pk).exists():
        raise OrderMirrorError(
            f"{company.company_db} was removed; take it up again with `ordermirror company add`"
        )
    company.paused_at = None
    company.save(update_fields=["paused_at"])


def remove(company: Company) -> None:
    """Refresh it no more; its orders stay, as they are."""
    _refuse_named(company)
    company.own_settings, company.paused_at = None, timezone.now()
    company.save(update_fields=["own_settings", "paused_at"])


def delete(company: Company) -> None:
    """Delete the company and all that is stored of it, what people wrote about it included.

    In small transactions: one that was interrupted is done again. Raises SyncAlreadyRunning while
    a run is under way.
    """
    remove(company)
    with lease.held(company.pk) as held:
        for first, beyond in removal.orders_of(company.pk):
            with held.transaction():
                writing.forget(first, beyond)
                removal.delete_orders(first, beyond)
        removal.delete_company(company.pk)


def _write(company: Company, texts: Mapping[str, str]) -> None:
    company.own_settings = {name: text for name, text in texts.items() if text}
    companies.settings_of(company).require_sap()
    company.save(update_fields=["own_settings", "paused_at"])


def _refuse_named(company: Company) -> None:
    if company.company_db == companies.named_by_environment():
        raise OrderMirrorError(
            f"ORDERMIRROR_SAP_COMPANY_DB names {company.company_db}; take it out there first"
        )
