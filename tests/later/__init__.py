"""A later version of the product, as far as its migrations go."""

from __future__ import annotations

from pkgutil import iter_modules

from ordermirror import migrations

OURS = list(migrations.__path__)
"""Where the product's own migrations are: a later version has these as well."""


def newest():
    """What a migration more depends on."""
    return ("ordermirror", max(module.name for module in iter_modules(OURS)))
