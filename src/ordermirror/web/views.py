"""The list and the runs: each page reads its question from the address, fetches, and responds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from ordermirror.web import freshness, list_page
from ordermirror.web.chips import chips_of
from ordermirror.web.filters import Parsed, parse, parse_page
from ordermirror.web.order_list import OrderList, read_list
from ordermirror.web.run_pages import find_run, page_of_run, read_runs
from ordermirror.web.search import read_names


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers; it says nothing of the data."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("orders")


@require_safe
@cache_control(private=True, no_cache=True)
@vary_on_headers("HX-Request")
def orders(request: HttpRequest) -> HttpResponse:
    parsed = parse(request.GET)
    companies = freshness.read_last_runs()
    names, meanings = read_names(parsed.filters.texts())
    chosen = {
        company.company_id: company.company_db
        for company in companies
        if parsed.filters.company in ("", company.company_db)
    }
    found = read_list(chosen, parsed.filters, names, meanings, today=timezone.localdate())
    context = _list_context(parsed, found, names) | {
        "freshness": freshness.current(companies),
        "several_companies": len(companies) > 1,
    }
    return _page_or_part(request, context)


@require_safe
@cache_control(private=True, no_cache=True)
def runs(request: HttpRequest) -> HttpResponse:
    rows, page = read_runs(parse_page(request.GET))
    context = {
        "section": "runs",
        "rows": rows,
        "page": page,
        "links": list_page.run_links(page),
        "freshness": freshness.current(),
    }
    return render(request, "ordermirror/runs.html", context)


@require_safe
@cache_control(private=True, no_cache=True)
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(run_id)
    if found is None:
        raise Http404
    context = {"section": "runs", "page": page_of_run(found), "freshness": freshness.current()}
    return render(request, "ordermirror/run.html", context)


def _list_context(parsed: Parsed, found: OrderList, names: dict[int, str]) -> dict[str, Any]:
    filters = replace(parsed.filters, page=found.page.number)
    query = filters.query()
    return {
        "section": "orders",
        "filters": filters,
        "found": found,
        "suffix": f"?{query}" if query else "",
        "notes": list_page.notes_of(parsed.notes, parsed.filters, found.page),
        "chips": chips_of(filters, names),
        "plain": list_page.is_plain(filters),
        "headings": list_page.headings(filters),
        "first_page": filters.link(),
        "links": list_page.links(filters, found),
        "count_all": filters.link(count=True) if found.page.capped else "",
        "statuses": list_page.status_choices(filters),
        "sales_people": list_page.sales_choices(filters, names),
    }


def _page_or_part(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for htmx its results and the address they belong to."""
    if request.headers.get("HX-Request") != "true":
        return render(request, "ordermirror/orders.html", context)
    response = render(request, "ordermirror/_results.html", context)
    response.headers["HX-Push-Url"] = request.path + context["suffix"]
    return response
