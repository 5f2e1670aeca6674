"""Orders of customers that are mirrored no longer: hidden, and found again."""

from __future__ import annotations

from ordermirror.core.chunks import in_chunks
from ordermirror.core.scope import Scope
from ordermirror.models import OrderRead, Pending, Quarantine, SalesOrder
from ordermirror.store import totals
from ordermirror.store.tables import ROWS_A_STATEMENT, among, among_written


def hide_all_outside(company_id: int, scope: Scope) -> int:
    """Hide the orders of all other customers, which are read no more; returns how many.

    Told apart here: databases disagree on whether HO and ho are the same. Reads all orders.
    """
    rows = SalesOrder.objects.shown().filter(company_id=company_id)
    outside = [
        (order, entry)
        for order, entry, card_code in rows.values_list("id", "doc_entry", "card_code").iterator()
        if not scope.has_customer(card_code)
    ]
    for some in in_chunks(outside, ROWS_A_STATEMENT):
        ids, entries = zip(*some, strict=True)
        orders = SalesOrder.objects.filter(id__in=among_written(ids))
        totals.take_off(company_id, orders)
        orders.update(hidden=True)
        OrderRead.objects.filter(id__in=among_written(ids)).update(hidden=True, confirm_at=None)
        for owed in (Pending, Quarantine):
            waiting = owed.objects.filter(company_id=company_id)
            waiting.filter(doc_entry__in=among_written(entries)).delete()
    return len(outside)


def hidden_of(company_id: int, scope: Scope, *, above: int) -> list[int]:
    """DocEntry of orders that are hidden and of the scope's customers, ascending."""
    rows = SalesOrder.objects.filter(company_id=company_id, hidden=True, doc_entry__gt=above)
    codes = rows.order_by("doc_entry").values_list("doc_entry", "card_code")
    return [entry for entry, card_code in codes.iterator() if scope.has_customer(card_code)]


def shown_among(company_id: int, doc_entries: set[int]) -> set[int]:
    """Those of the orders that are stored and shown."""
    rows = OrderRead.objects.filter(
        company_id=company_id, doc_entry__in=among(doc_entries), hidden=False
    )
    return set(rows.values_list("doc_entry", flat=True))
