"""The page of one order. Reading it never writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ordermirror import last_runs
from ordermirror.models import OrderLine, SalesOrder
from ordermirror.owned.reading import REVISE, Owned, read_owned
from ordermirror.web import formats, freshness
from ordermirror.web.decisions import decisions_of
from ordermirror.web.filters import parse
from ordermirror.web.forms import ApprovalForm, NoteForm, PriceForm
from ordermirror.web.history import read_history
from ordermirror.web.order_page import figure_texts, find_order, page_of_order
from ordermirror.web.revised import Revised, revised_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was sent in vain: the form as it was filled in, and what is said at the page's top.

    A price comes with the number of its line.
    """

    note: NoteForm | None = None
    approval: ApprovalForm | None = None
    price: tuple[int, PriceForm] | None = None
    problem: str = ""


@require_safe
@cache_control(private=True, no_cache=True)
def order(request: HttpRequest, company_db: str, doc_entry: int) -> HttpResponse:
    return page_response(request, order_or_404(request, company_db, doc_entry))


def order_or_404(request: HttpRequest, company_db: str, doc_entry: int) -> SalesOrder:
    """One that the user may not see is not found, as if it were not there."""
    found = find_order(company_db, doc_entry, request.user)
    if found is None:
        raise Http404
    if found.hidden:
        raise Http404(_("Orders of this customer are mirrored no longer; this one is kept."))
    return found


def page_response(
    request: HttpRequest, found: SalesOrder, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """With the way back to the list the order was opened from: the list's own query string."""
    runs = (last_runs.of(found.company, found),)
    with freshness.in_zone_of(runs):
        context = _context(request, found, refused or Refused())
        context["freshness"] = freshness.current(runs)
        return render(request, "ordermirror/order.html", context, status=status)


def _context(request: HttpRequest, found: SalesOrder, refused: Refused) -> dict[str, Any]:
    now = timezone.now()
    owned = read_owned(found.pk, request.user)
    page = page_of_order(
        found,
        today=timezone.localdate(),
        now=now,
        revised=_revising(found, owned, refused, now),
    )
    return {
        "section": "orders",
        "page": page,
        "figures": figure_texts(page.figures),
        "decisions": decisions_of(
            found, owned, now=now, approval_form=refused.approval, note_form=refused.note
        ),
        "problem": refused.problem,
        "history": read_history(found, page.places, now=now),
        "back": parse(request.GET).filters.query(),
        "read_at": page.read_at and formats.clock(page.read_at, now),
        "read_ago": page.read_at and formats.ago(page.read_at, now),
    }


def _revising(
    found: SalesOrder, owned: Owned, refused: Refused, now: datetime
) -> Callable[[OrderLine], Revised | None]:
    refused_line, refused_form = refused.price or (None, None)

    def revised(line: OrderLine) -> Revised | None:
        return revised_of(
            line,
            found,
            owned.prices.get(line.line_num),
            now=now,
            may_revise=REVISE in owned.may,
            refused=refused_form if line.line_num == refused_line else None,
        )

    return revised
