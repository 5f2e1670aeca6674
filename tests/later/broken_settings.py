"""The product's settings, with a migration more that fails."""

from __future__ import annotations

from ordermirror.project.settings import *  # noqa: F403

MIGRATION_MODULES = {"ordermirror": "tests.later.broken"}
