"""The scope of a company's mirror as it is stored: what is mirrored, and what of it is loaded."""

from __future__ import annotations

from ordermirror.core.scope import Prefixes, Reach, Scope
from ordermirror.models import Company


def of(company: Company) -> Reach:
    return Reach(
        Scope(customers=_prefixes(company.customers), since=company.since),
        Scope(customers=_prefixes(company.loaded_customers), since=company.loaded_since),
    )


def save(company: Company, reach: Reach) -> None:
    company.customers, company.since = _text(reach.target.customers), reach.target.since
    company.loaded_customers = _text(reach.loaded.customers)
    company.loaded_since = reach.loaded.since
    company.save(update_fields=["customers", "since", "loaded_customers", "loaded_since"])


def _prefixes(text: str | None) -> Prefixes:
    return None if text is None else tuple(filter(None, text.split(",")))


def _text(customers: Prefixes) -> str | None:
    return None if customers is None else ",".join(customers)
