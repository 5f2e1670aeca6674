"""The product's own migrations, and one more."""

from __future__ import annotations

from tests.later import OWN

__path__ = [*__path__, *OWN]
