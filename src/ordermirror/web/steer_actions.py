"""What people do on a company's page: sync now, pause, resume, read again, try again, test alert.

All of it is sent by POST, needs the permission to steer and a company that the person may see, is
written down with the person's name, and is answered with a redirect to the page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ordermirror import steering
from ordermirror.errors import OrderMirrorError
from ordermirror.models import Company
from ordermirror.steering import By
from ordermirror.web.forms import RereadForm, RetryForm
from ordermirror.web.monitor import company_or_404, page_response

Action = Callable[[HttpRequest, Company, By], HttpResponse]
MISTAKE = 422


def _sent(action: Action) -> Callable[..., HttpResponse]:
    """Only POST acts. A GET, such as the one after logging in again, leads to the page."""
    allowed = permission_required(steering.PERMISSION, raise_exception=True)(_refusals_told(action))

    @wraps(action)
    def wrapped(request: HttpRequest, company_db: str) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return redirect("company", company_db)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        company = company_or_404(request, company_db)
        return allowed(request, company, steering.by(request.user.get_username()))

    return wrapped


def _refusals_told(action: Action) -> Action:
    @wraps(action)
    def wrapped(request: HttpRequest, company: Company, who: By) -> HttpResponse:
        try:
            return action(request, company, who)
        except OrderMirrorError as exc:
            messages.error(request, f"{str(exc)[:1].upper()}{str(exc)[1:]}.")
            return _back_to(company)

    return wrapped


@_sent
def sync_now(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    steering.sync_now(company, who)
    messages.success(request, _("Asked. The refresh begins within a few seconds."))
    return _back_to(company)


@_sent
def pause(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    steering.pause(company, who)
    messages.success(request, _("Paused. A refresh that is under way goes on to its end."))
    return _back_to(company)


@_sent
def resume(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    steering.resume(company, who)
    messages.success(request, _("Resumed. It is refreshed again when it is due."))
    return _back_to(company)


@_sent
def reread(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    form = RereadForm(request.POST)
    if not form.is_valid():
        return page_response(request, company.company_db, form, MISTAKE)
    days = form.cleaned_data
    number = steering.reread(company, who, first=days["first"], last=days["last"])
    told = ngettext(
        "%(number)s order is read again by the next refresh.",
        "%(number)s orders are read again by the next refresh.",
        number,
    )
    messages.success(request, told % {"number": f"{number:,}"})
    return _back_to(company, "pending-title")


@_sent
def retry(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    form = RetryForm(request.POST)
    tried = steering.retry(company, who, [form.cleaned_data["entry"]]) if form.is_valid() else 0
    if tried:
        messages.success(request, _("It is tried again by the next refresh."))
    else:
        messages.warning(request, _("It is set aside no more."))
    return _back_to(company, "quarantine-title")


@_sent
def test_alert(request: HttpRequest, company: Company, who: By) -> HttpResponse:
    problems = steering.send_test_alert(company, who)
    for problem in problems:
        messages.error(request, problem)
    if not problems:
        messages.success(request, _("Sent. Look whether it has arrived."))
    return _back_to(company)


def _back_to(company: Company, anchor: str = "") -> HttpResponse:
    address = reverse("company", args=(company.company_db,))
    return redirect(address + (f"#{anchor}" if anchor else ""))
