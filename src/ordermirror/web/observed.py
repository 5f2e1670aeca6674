"""What machines ask: is it alive, is it ready, is its data fresh, and the figures behind it."""

from __future__ import annotations

import secrets
from dataclasses import asdict

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ordermirror import health
from ordermirror.conf import LOOPBACK
from ordermirror.metrics import exposition

PLAIN = "text/plain; charset=utf-8"
PROXIES_SAY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Whether this process answers; it says nothing of the data."""
    return HttpResponse("ok", content_type=PLAIN)


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Whether the database answers and has its tables."""
    reason = health.not_ready_because()
    return HttpResponse(reason or "ok", content_type=PLAIN, status=503 if reason else 200)


@login_not_required
@require_safe
@never_cache
def fresh(request: HttpRequest) -> HttpResponse:
    """Whether the data is fresh enough. Everyone may ask; names are told to who may see figures."""
    try:
        found = health.read(settings.ORDERMIRROR, now=timezone.now())
    except Error:
        return JsonResponse({"fresh": False, "reason": health.UNREACHABLE}, status=503)
    told = asdict(found)
    if not _may_see_figures(request):
        del told["companies"]
    return JsonResponse(told, status=200 if found.fresh else 503)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus."""
    if not _may_see_figures(request):
        return _refused()
    accept = request.headers.get("Accept", "")
    try:
        body, content_type = exposition(now=timezone.now(), accept=accept)
    except Error:
        return HttpResponse(health.UNREACHABLE, content_type=PLAIN, status=503)
    return HttpResponse(body, content_type=content_type)


def _may_see_figures(request: HttpRequest) -> bool:
    """With the token, or on this machine while none is set and no proxy stands in between."""
    known = settings.ORDERMIRROR
    if known.metrics_token:
        given = request.headers.get("Authorization", "").encode()
        return secrets.compare_digest(given, f"Bearer {known.metrics_token}".encode())
    proxied = known.public_url or any(name in request.headers for name in PROXIES_SAY)
    return not proxied and request.META.get("REMOTE_ADDR") in LOOPBACK


def _refused() -> HttpResponse:
    if settings.ORDERMIRROR.metrics_token:
        told = "send the token of ORDERMIRROR_METRICS_TOKEN: Authorization: Bearer …"
        return HttpResponse(
            told, content_type=PLAIN, status=401, headers={"WWW-Authenticate": "Bearer"}
        )
    told = "set ORDERMIRROR_METRICS_TOKEN, and send it: Authorization: Bearer …"
    return HttpResponse(told, content_type=PLAIN, status=403)
