"""The pages on how refreshes stand: all companies, one of them, and a run while it is under way."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from ordermirror import companies, last_runs, steering
from ordermirror.models import Company, SalesOrder, SyncRun
from ordermirror.web import freshness, monitor_pages, reconciliation
from ordermirror.web.forms import RereadForm
from ordermirror.web.live import live_of_run

PART = "OM-Part"
"""The header by which the page's script knows a part that may be put in place."""


@require_safe
@cache_control(private=True, no_cache=True)
def monitor(request: HttpRequest) -> HttpResponse:
    rows, now = list(monitor_pages.visible(request.user)), timezone.now()
    runs = [last_runs.of(row, row) for row in rows]
    with freshness.in_zone_of(runs):
        context = {
            "section": "monitor",
            "standings": monitor_pages.standings(rows, now=now),
            "freshness": freshness.current(runs),
        }
        return render(request, "ordermirror/monitor.html", context)


@require_safe
@cache_control(private=True, no_cache=True)
def company(request: HttpRequest, company_db: str) -> HttpResponse:
    return page_response(request, company_db)


@require_safe
@never_cache
def live(request: HttpRequest, run_id: int) -> HttpResponse:
    """A part of a page. When there is more to see than a part, the browser loads the page anew."""
    mine = companies.visible_to(request.user)
    run = SyncRun.objects.filter(pk=run_id, company__in=mine).first()
    if run is None:
        raise Http404
    found = live_of_run(run, now=timezone.now())
    is_empty = "empty" in request.GET
    if found is None or (is_empty and SalesOrder.objects.filter(company=run.company_id).exists()):
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"live": found, "empty": is_empty}
    response = render(request, "ordermirror/_live.html", context)
    response.headers[PART] = "live"
    return response


def company_or_404(request: HttpRequest, company_db: str) -> Company:
    """One that the user may not see is not found, as if it were not there."""
    found = companies.visible_to(request.user).filter(company_db=company_db).first()
    if found is None:
        raise Http404
    return found


def page_response(
    request: HttpRequest, company_db: str, form: RereadForm | None = None, status: int = 200
) -> HttpResponse:
    """With the form as it was filled in, when it could not be taken."""
    rows = monitor_pages.with_audit(monitor_pages.visible(request.user))
    row: Any = rows.filter(company_db=company_db).first()
    if row is None:
        raise Http404
    own = (last_runs.of(row, row),)
    with freshness.in_zone_of(own):
        context = {
            "section": "monitor",
            "page": monitor_pages.page_of_company(
                row, today=timezone.localdate(), now=timezone.now()
            ),
            "reconciliation": reconciliation.of(row),
            "freshness": freshness.current(own),
            "may_steer": request.user.has_perm(steering.PERMISSION),
            "form": form or RereadForm(),
        }
        return render(request, "ordermirror/company.html", context, status=status)
