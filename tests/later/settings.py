"""The product's settings, with one migration more than it has."""

from __future__ import annotations

from ordermirror.project.settings import *  # noqa: F403

MIGRATION_MODULES = {"ordermirror": "tests.later.migrations"}
