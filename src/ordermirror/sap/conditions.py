"""A scope as the conditions of a filter, in the Service Layer's OData. Pure."""

from __future__ import annotations

from datetime import date

from ordermirror.core.scope import Prefixes, Scope


def within(scope: Scope) -> str:
    """Empty when everything is."""
    return both(of_customers(scope.customers), _since(scope.since))


def lacking(target: Scope, loaded: Scope) -> str:
    """Within `target` and not within `loaded`. SAP never leaves an order's customer empty."""
    if loaded.customers == ():
        return within(target)
    others = of_customers(loaded.customers)
    older = ""
    if loaded.since:
        undated = f"(DocDate lt '{loaded.since}' or DocDate eq null)"
        older = f"(DocumentStatus ne 'bost_Open' and {undated})"
    missing = " or ".join(filter(None, [f"not {others}" if others else "", older]))
    return both(within(target), f"({missing})" if missing else "")


def of_customers(customers: Prefixes) -> str:
    """In parentheses; empty for all customers. Never asked for none."""
    if customers is None:
        return ""
    return f"({' or '.join(f'startswith(CardCode,{quoted(it)})' for it in customers)})"


def quoted(text: str) -> str:
    """A string literal; an apostrophe inside is doubled."""
    return "'" + text.replace("'", "''") + "'"


def both(*conditions: str) -> str:
    return " and ".join(filter(None, conditions))


def _since(since: date | None) -> str:
    return f"(DocumentStatus eq 'bost_Open' or DocDate ge '{since}')" if since else ""
