"""OrderMirror's settings, with the baselines' own tables beside its own."""

from __future__ import annotations

from ordermirror.project.settings import *  # noqa: F403
from ordermirror.project.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "benchmarks.naive"]
