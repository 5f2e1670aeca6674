"""Whether a company's mirror adds up to what SAP shows, in words for its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from ordermirror.models import Company
from ordermirror.models import Reconciliation as Kept
from ordermirror.store import reconciliations
from ordermirror.web import formats
from ordermirror.web.statuses import Badge

REASONS = {
    "lacking": gettext_noop("open at SAP, not mirrored as open"),
    "not_open": gettext_noop("mirrored as open, not open at SAP"),
    "total": gettext_noop("the totals differ"),
    "state": gettext_noop("the stamps differ, or whether it is cancelled"),
    "set_aside": gettext_noop("set aside"),
}
KINDS = {"closed": gettext_noop("closed orders"), "cancelled": gettext_noop("cancelled orders")}


class Compared(NamedTuple):
    """A figure of both sides as ready text."""

    what: str
    at_sap: str
    here: str
    equal: bool


class Differing(NamedTuple):
    """`doc_num` is None for an order that has no page here."""

    doc_entry: int
    doc_num: int | None
    reason: str
    at_sap: str
    here: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    company_db: str
    run: int | None
    at: str
    badge: Badge
    compared: tuple[Compared, ...]
    on_their_way: int
    not_possible: str
    differences: tuple[Differing, ...]


def of(company: Company) -> Reconciliation | None:
    """The newest one, None before the first; one statement, and another where orders differ."""
    kept = reconciliations.newest(company.pk)
    if kept is None:
        return None
    return Reconciliation(
        company_db=company.company_db,
        run=kept.run_id,
        at=formats.clock(kept.at, timezone.now()),
        badge=_badge(kept.differing),
        compared=tuple(_compared(kept.figures)),
        on_their_way=kept.figures["open"]["on_their_way"],
        not_possible=kept.figures["not_possible"],
        differences=tuple(_differences(kept)),
    )


def _badge(differing: int) -> Badge:
    if not differing:
        return Badge("complete", _("Equal"))
    words = ngettext("%(count)s order differs", "%(count)s orders differ", differing)
    return Badge("incomplete", words % {"count": f"{differing:,}"})


def _compared(figures: Mapping[str, Any]) -> Iterator[Compared]:
    at_sap, here = figures["open"]["at_sap"], figures["open"]["here"]
    yield _both(_("open orders"), f"{at_sap['orders']:,}", f"{here['orders']:,}")
    yield _both(_("open sum"), _amount(at_sap["total"]), _amount(here["total"]))
    for kind, count in figures["counts"].items():
        shown = sorted({count["before"], count["after"]})
        yield Compared(
            _(KINDS[kind]) if kind in KINDS else kind,
            "–".join(f"{number:,}" for number in shown),
            f"{count['here']:,}",
            not count["difference"],
        )


def _both(what: str, at_sap: str, here: str) -> Compared:
    return Compared(what, at_sap, here, at_sap == here)


def _differences(kept: Kept) -> Iterator[Differing]:
    numbers = reconciliations.numbers(kept)
    for it in kept.figures["differences"]:
        reason = it["reason"]
        yield Differing(
            it["doc_entry"],
            numbers.get(it["doc_entry"]),
            _(REASONS[reason]) if reason in REASONS else reason,
            _amount(it["at_sap"]),
            _amount(it["here"]),
        )


def _amount(text: str | None) -> str:
    """In the company's own currency, whose name SAP's orders do not tell."""
    return formats.price(None if text is None else Decimal(text), None)
