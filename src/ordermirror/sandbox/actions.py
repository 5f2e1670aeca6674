"""Bound actions: an order closed, cancelled or opened again through the Service Layer.

What they change is the sandbox's business; whether UpdateDate tells of it is its `bump_on`.
"""

from __future__ import annotations

from collections.abc import Callable

from ordermirror.sandbox.business import Business
from ordermirror.sandbox.company import Company, Row, copy_of
from ordermirror.sandbox.documents import is_open
from ordermirror.sandbox.errors import BUSINESS_RULE, ServiceLayerError, etag_mismatch, not_found
from ordermirror.sandbox.http import Answer, Request, json_headers
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.render import etag_of


class Actions:
    """Acts on orders, and can take back what it did. The caller holds the company's lock."""

    def __init__(self, company: Company, options: SandboxOptions, business: Business) -> None:
        self._company = company
        self._options = options
        self._acts: dict[str, Callable[[Row], None]] = {
            "Close": self._close,
            "Cancel": self._cancel,
            "Reopen": self._reopen,
            # An order moves no goods and no money, so there is nothing a second document undoes.
            "CreateCancellationDocument": self._cancel,
        }
        self._business = business
        self._before: list[tuple[Row, bool]] = []

    def __contains__(self, name: str) -> bool:
        return name in self._acts

    def answer(self, request: Request, version: int, name: str, doc_entry: int) -> Answer:
        order = self._company.orders.get(doc_entry)
        if order is None:
            raise not_found()
        self._refuse_stale(request, order)
        if doc_entry in self._company.odd:
            raise _refused("The document cannot be changed")
        self._before.append((copy_of(order), doc_entry in self._company.closed_by_hand))
        self._acts[name](order)
        return Answer(status=204, headers=json_headers(version)[1:])

    def begin(self) -> None:
        """What is done from here on is what `roll_back` takes back."""
        self._before.clear()

    def roll_back(self) -> None:
        for before, closed_by_hand in reversed(self._before):
            entry = before["DocEntry"]
            order = self._company.orders[entry]
            order.clear()
            order.update(before)
            self._company.closed_by_hand.discard(entry)
            if closed_by_hand:
                self._company.closed_by_hand.add(entry)
            self._company.orders.touch(entry)
        self._before.clear()

    def _refuse_stale(self, request: Request, order: Row) -> None:
        given = request.headers.get("if-match", "*")
        if self._options.data_version and given not in ("*", etag_of(order.get("DataVersion", 1))):
            raise etag_mismatch()

    def _close(self, order: Row) -> None:
        if not is_open(order):
            raise _refused("Document is already closed")
        self._business.close(order)

    def _cancel(self, order: Row) -> None:
        if not is_open(order):
            raise _refused("Document is already closed")
        if order["DocEntry"] in self._company.delivered:
            raise _refused("Document has been delivered in part and cannot be cancelled")
        self._business.cancel(order)

    def _reopen(self, order: Row) -> None:
        if order["DocEntry"] not in self._company.closed_by_hand:
            raise _refused("Only a document closed by hand can be opened again")
        self._business.reopen(order)


def _refused(text: str) -> ServiceLayerError:
    return ServiceLayerError(400, BUSINESS_RULE, text)
