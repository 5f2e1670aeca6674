"""App-owned values as a Django app of their own."""

from __future__ import annotations

from django.apps import AppConfig


class OwnedConfig(AppConfig):
    name = "ordermirror.owned"
    label = "ordermirror_owned"
    verbose_name = "Notes and decisions"
    default_auto_field = "django.db.models.BigAutoField"
