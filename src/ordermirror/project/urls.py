"""The product's addresses: OrderMirror's pages, and Django's admin for users and permissions."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("ordermirror.web.urls")),
]
