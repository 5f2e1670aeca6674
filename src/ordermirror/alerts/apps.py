"""Alerts as a Django app of their own."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "ordermirror.alerts"
    label = "ordermirror_alerts"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"
