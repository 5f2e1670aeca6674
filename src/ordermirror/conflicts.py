"""What a person can decide when writing for a company has stopped."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from ordermirror import lease
from ordermirror.models import Company
from ordermirror.store import pending, positions, reads


def false_alarm(company: Company) -> None:
    """SAP shows the company again that is mirrored: go on where writing stopped."""
    company.conflict, company.conflict_at = "", None
    company.save(update_fields=["conflict", "conflict_at"])


def new_epoch(company: Company) -> None:
    """The company was restored from a backup: read everything anew over what is stored.

    Orders that the backup does not have stay, and become missing once that is proven. Hidden ones
    are not read anew, so they tell nothing of the company any more until they are shown again.
    A run that is still under way writes nothing more: it began before, and would go on there.
    """
    with transaction.atomic():
        lease.overrule(company.pk)
        company.epoch += 1
        company.save(update_fields=["epoch"])
        positions.forget(company.pk)
        pending.forget(company.pk)
        reads.doubt_hidden(company.pk, since=timezone.now())
        false_alarm(company)


def new_company(company: Company) -> str:
    """SAP shows another company under this name: keep the old one under a name of its own.

    The next run starts an empty mirror, with the same settings. Returns the old one's new name.
    """
    name, own_settings = company.company_db, company.own_settings
    company.company_db = f"{name} until {timezone.localdate()} ({company.pk})"
    company.own_settings, company.paused_at = None, timezone.now()
    with transaction.atomic():
        company.save(update_fields=["company_db", "own_settings", "paused_at"])
        false_alarm(company)
        if own_settings is not None:
            Company.objects.create(company_db=name, own_settings=own_settings)
    return company.company_db
