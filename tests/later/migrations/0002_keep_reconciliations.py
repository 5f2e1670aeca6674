"""The product's own."""

from __future__ import annotations

from importlib import import_module

Migration = import_module("ordermirror.migrations.0002_keep_reconciliations").Migration
