"""What a person can decide when writing for a company has stopped."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from ordermirror.models import Company
from ordermirror.store import pending, positions


def false_alarm(company: Company) -> None:
    """SAP shows the company again that is mirrored: go on where writing stopped."""
    company.conflict, company.conflict_at = "", None
    company.save(update_fields=["conflict", "conflict_at"])


def new_epoch(company: Company) -> None:
    """The company was restored from a backup: read everything anew over what is stored.

    Orders that the backup does not have stay, and become missing once that is proven.
    """
    with transaction.atomic():
        company.epoch += 1
        company.save(update_fields=["epoch"])
        positions.forget(company.pk)
        pending.forget(company.pk)
        false_alarm(company)


def new_company(company: Company) -> str:
    """SAP shows another company under this name: keep the old one under a name of its own.

    The next run starts an empty mirror. Returns the old one's new name.
    """
    company.company_db = f"{company.company_db} until {timezone.localdate()} ({company.pk})"
    with transaction.atomic():
        company.save(update_fields=["company_db"])
        false_alarm(company)
    return company.company_db
