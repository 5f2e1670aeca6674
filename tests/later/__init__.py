"""A later version of the product, as far as its migrations go."""

from __future__ import annotations

from pathlib import Path

from ordermirror import migrations

OWN = list(migrations.__path__)
"""Where the product's migrations are, which those of a later version follow."""
NEWEST = max(path.stem for path in Path(OWN[0]).glob("[0-9]*.py"))
