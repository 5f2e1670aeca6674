"""The product's migrations, and one more."""

from __future__ import annotations

from tests.later import OURS

__path__ += OURS
