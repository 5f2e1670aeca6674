"""What people do on an order's page: note, decide, revise a price, ask SAP again.

All of it is sent by POST and answered with a redirect to the page. What cannot be taken comes back
on the page: a mistake next to its field (422), what others changed meanwhile at the top (409).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ordermirror import companies
from ordermirror.models import OrderLine, SalesOrder
from ordermirror.owned import reading, writing
from ordermirror.owned.writing import By
from ordermirror.records import OPEN
from ordermirror.sync import request_refresh
from ordermirror.web import formats
from ordermirror.web.decisions import badge_of, basis_of
from ordermirror.web.filters import parse
from ordermirror.web.forms import ApprovalForm, NoteForm, PriceForm
from ordermirror.web.order_view import Refused, order_or_404, page_response

View = Callable[..., HttpResponse]
Form = TypeVar("Form", bound=forms.Form)
MISTAKE = 422
MEANWHILE = 409
REFRESHES = 10
REFRESHES_SECONDS = 60


def _sent(view: View) -> View:
    """Only POST acts. A GET, such as the one after logging in again, leads to the order's page."""

    @wraps(view)
    def wrapped(request: HttpRequest, company_db: str, doc_entry: int, **more: int) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return redirect("order", company_db, doc_entry)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return view(request, order_or_404(request, company_db, doc_entry), **more)

    return wrapped


def _allowed(codename: str) -> Callable[[View], View]:
    return permission_required(f"{reading.APP}.{codename}", raise_exception=True)


@_sent
@_allowed(reading.ADD_NOTE)
def add_note(request: HttpRequest, order: SalesOrder) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return page_response(request, order, Refused(note=form), MISTAKE)
    writing.add_note(order.pk, form.cleaned_data["text"], _by(request))
    messages.success(request, _("The note was added."))
    return _back_to(request, order, "decisions-title")


@_sent
@_allowed(reading.DECIDE)
def decide(request: HttpRequest, order: SalesOrder) -> HttpResponse:
    """A decision is about what the person saw: the order and the decision that were on the page."""
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return page_response(request, order, Refused(approval=form), MISTAKE)
    entered, basis = form.cleaned_data, basis_of(order)
    as_seen = entered["document"] == basis.fingerprint
    if as_seen and writing.decide(
        order.pk, entered["state"], entered["remark"], _by(request), basis=basis,
        seen=entered["seen"],
    ):  # fmt: skip
        messages.success(request, _("The decision was saved."))
        return _back_to(request, order, "decisions-title")
    approval = reading.read_owned(order.pk, request.user).approval
    current = {"seen": approval.version if approval else 0, "document": basis.fingerprint}
    problem = _("SAP changed this order meanwhile; nothing was saved. Please look at it again.")
    if as_seen:
        now = _("It is “%(state)s” now.") % {"state": badge_of(approval).word}
        problem = f"{_changed_by(approval.decided_by if approval else '')} {now}"
    refused = Refused(approval=_again(form, current), problem=problem)
    return page_response(request, order, refused, MEANWHILE)


@_sent
@_allowed(reading.REVISE)
def revise_price(request: HttpRequest, order: SalesOrder, line_num: int) -> HttpResponse:
    """A price is for the item and the currency that the person saw, and for an open line."""
    line = OrderLine.objects.filter(order=order, line_num=line_num).first()
    if line is None:
        raise Http404
    form = PriceForm(request.POST)
    if not form.is_valid():
        return page_response(request, order, Refused(price=(line_num, form)), MISTAKE)
    entered = form.cleaned_data
    if not _is_as_seen(line, order, entered["item_code"], entered["currency"]):
        problem = _("SAP changed this line meanwhile; nothing was saved. Please look at it again.")
        return page_response(request, order, Refused(problem=problem), MEANWHILE)
    if writing.revise_price(
        order.pk, line_num, entered["price"], _by(request), item_code=entered["item_code"],
        currency=entered["currency"], seen=entered["seen"],
    ):  # fmt: skip
        messages.success(request, _("The revised price was saved."))
        return _back_to(request, order, "lines-title")
    price = reading.read_owned(order.pk, request.user).prices.get(line_num)
    again = _again(form, {"seen": price.version if price else 0})
    refused = Refused(price=(line_num, again), problem=_changed_by(price.set_by if price else ""))
    return page_response(request, order, refused, MEANWHILE)


@_sent
def refresh(request: HttpRequest, order: SalesOrder) -> HttpResponse:
    """Have SAP asked for this order by the next run; anybody who sees the order may ask."""
    if _asks_too_often(request.user.pk):
        messages.warning(request, _("That was often. Please wait a minute before asking again."))
    else:
        request_refresh(order.company_id, order.doc_entry)
        every = formats.interval(companies.shown(order.company).every)
        messages.success(request, _("Asked. The next refresh, within %s, shows it.") % every)
    return _back_to(request, order)


def _is_as_seen(line: OrderLine, order: SalesOrder, item_code: str, currency: str) -> bool:
    seen = ((line.item_code or ""), (order.doc_currency or "")) == (item_code, currency)
    return seen and line.removed_at is None and line.line_status == OPEN


def _asks_too_often(user: int | None) -> bool:
    """Counts this ask. The count begins anew a minute after its first ask."""
    key = f"ordermirror-refreshes-{user}"
    if cache.add(key, 1, REFRESHES_SECONDS):
        return False
    try:
        return cache.incr(key) > REFRESHES
    except ValueError:  # the minute ended between the two calls
        return False


def _by(request: HttpRequest) -> By:
    return By(request.user.get_username(), timezone.now())


def _changed_by(person: str) -> str:
    return _("%(person)s changed this meanwhile; nothing was saved.") % {"person": person}


def _again(form: Form, seen: dict[str, int | None]) -> Form:
    """The form as it was filled in, now for what stands on the page."""
    entered = {name: form.data.get(name) for name in form.fields}
    return type(form)(entered | seen)


def _back_to(request: HttpRequest, order: SalesOrder, anchor: str = "") -> HttpResponse:
    address = reverse("order", args=(order.company.company_db, order.doc_entry))
    query = parse(request.GET).filters.query()
    return redirect(address + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else ""))
