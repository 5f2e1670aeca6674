"""The list and the runs: each page reads its question from the address, fetches, and responds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from ordermirror.last_runs import LastRuns
from ordermirror.web import freshness, list_page
from ordermirror.web.chips import chips_of
from ordermirror.web.filters import Parsed, parse, parse_page
from ordermirror.web.order_list import OrderList, read_list
from ordermirror.web.run_pages import find_run, page_of_run, read_runs
from ordermirror.web.scope_text import scope_texts
from ordermirror.web.search import Offered, read_names


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("orders")


@require_safe
@cache_control(private=True, no_cache=True)
@vary_on_headers("HX-Request")
def orders(request: HttpRequest) -> HttpResponse:
    parsed = parse(request.GET)
    visible = freshness.read_last_runs(request.user)
    chosen = _chosen(visible, parsed.filters.company)
    shown = {company.company_id: company.company_db for company in chosen}
    names, meanings = read_names(parsed.filters.texts(), list(shown))
    with freshness.in_zone_of(chosen):
        today = timezone.localdate()
        found = read_list(shown, parsed.filters, names.people_of, meanings, today=today)
        context = _list_context(parsed, found, names) | {
            "scope": scope_texts(chosen),
            "freshness": freshness.current(chosen or visible),
            "companies": list_page.company_choices(visible, parsed.filters.company),
            "several_companies": len(chosen) > 1,
        }
        return _page_or_part(request, context)


@require_safe
@cache_control(private=True, no_cache=True)
def runs(request: HttpRequest) -> HttpResponse:
    visible, name = freshness.read_last_runs(request.user), request.GET.get("company", "")
    chosen = _chosen(visible, name)
    with freshness.in_zone_of(chosen):
        rows, page = read_runs(parse_page(request.GET), [it.company_id for it in chosen])
        context = {
            "section": "monitor",
            "rows": rows,
            "page": page,
            "links": list_page.run_links(page, name),
            "companies": list_page.company_choices(visible, name),
            "several_companies": len(chosen) > 1,
            "freshness": freshness.current(chosen or visible),
        }
        return render(request, "ordermirror/runs.html", context)


@require_safe
@cache_control(private=True, no_cache=True)
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    visible = freshness.read_last_runs(request.user)
    found = find_run(run_id, [it.company_id for it in visible])
    if found is None:
        raise Http404
    own = [it for it in visible if it.company_id == found.company_id]
    with freshness.in_zone_of(own):
        context = {
            "section": "monitor",
            "page": page_of_run(found),
            "freshness": freshness.current(own),
        }
        return render(request, "ordermirror/run.html", context)


def _chosen(visible: Sequence[LastRuns], name: str) -> list[LastRuns]:
    """Those of that name; all without a name."""
    return [company for company in visible if name in ("", company.company_db)]


def _list_context(parsed: Parsed, found: OrderList, names: Offered) -> dict[str, Any]:
    filters = replace(parsed.filters, page=found.page.number)
    query = filters.query()
    return {
        "section": "orders",
        "filters": filters,
        "found": found,
        "suffix": f"?{query}" if query else "",
        "notes": list_page.notes_of(parsed.notes, parsed.filters, found.page),
        "chips": chips_of(filters, names.people, names.makers),
        "plain": list_page.is_plain(filters),
        "headings": list_page.headings(filters),
        "first_page": filters.link(),
        "links": list_page.links(filters, found),
        "count_all": filters.link(count=True) if found.page.capped else "",
        "statuses": list_page.status_choices(filters),
        "sales_people": list_page.code_choices(filters.sales, names.people),
        "makers": list_page.code_choices(filters.maker, names.makers),
    }


def _page_or_part(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for htmx its results and the address they belong to."""
    if request.headers.get("HX-Request") != "true":
        return render(request, "ordermirror/orders.html", context)
    response = render(request, "ordermirror/_results.html", context)
    response.headers["HX-Push-Url"] = request.path + context["suffix"]
    return response
