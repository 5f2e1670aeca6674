"""OrderMirror as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register


class OrderMirrorConfig(AppConfig):
    name = "ordermirror"
    label = "ordermirror"
    verbose_name = "OrderMirror"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ordermirror import checks, sqlite

        sqlite.install()
        register(checks.check_celery)
