"""Mistakes that a mirror of a gateway could have, beside those of any mirror."""

from __future__ import annotations

from itertools import count

from ordermirror import document_sets
from ordermirror.core import identity
from ordermirror.errors import BadAnswer, SAPUnavailable
from ordermirror.sap import gateway
from ordermirror.store import apply
from tests.simulation.defects import DEFECTS, Mutant, defect


@defect("absence from a gateway's open set closes an order", at=17)
def _(mutant: Mutant) -> None:
    DEFECTS["an open order that is absent from the open ones is closed"](mutant)


@defect("an order that left a gateway's open set is forgotten")
def _(mutant: Mutant) -> None:
    class Nothing:
        @staticmethod
        def open_hashes(company_id):
            return {}

    mutant.swap(document_sets, "lights", lambda old: Nothing)


@defect("older days of a gateway are passed without being read", at=146)
def _(mutant: Mutant) -> None:
    mutant.swap(document_sets, "load_day", lambda old: lambda run, source, day: 0)


@defect("a gateway's page that failed is skipped", at=4)
def _(mutant: Mutant) -> None:
    def pages(original):
        def skipping(self, question, reading):
            expected = 1
            for number in count(1):
                if number > expected:
                    return
                try:
                    page = self._page(question, number)
                except (BadAnswer, SAPUnavailable):
                    continue
                if number == 1:
                    expected = -(-(page.count or 0) // max(len(page.rows), 1))
                yield page

        return skipping

    mutant.swap(gateway.Gateway, "_pages", pages)


@defect("a gateway's set that moved is trusted", at=6)
def _(mutant: Mutant) -> None:
    def take(original):
        def trusting(self, page):
            self.count = self.count or page.count
            self.keys |= {row.doc_entry for row in page.rows}

        return trusting

    mutant.swap(gateway.Reading, "take", take)


@defect("a gateway's count is ignored", at=5)
def _(mutant: Mutant) -> None:
    def take(original):
        def uncounted(self, page):
            original(self, gateway.Rows(page.rows, None, page.read_at))
            self.is_counted = True

        return uncounted

    mutant.swap(gateway.Reading, "take", take)


@defect("a gateway's short page ends its set", at=5)
def _(mutant: Mutant) -> None:
    DEFECTS["a gateway's count is ignored"](mutant)
    mutant.swap(gateway.Reading, "is_whole", lambda old: lambda self, page: len(page.rows) < 3)


@defect("one reading of a gateway that does not count is enough", at=16)
def _(mutant: Mutant) -> None:
    def take(original):
        def believing(self, page):
            original(self, page)
            self.is_counted = True

        return believing

    mutant.swap(gateway.Reading, "take", take)


@defect("another company behind a gateway is taken for ours", at=1)
def _(mutant: Mutant) -> None:
    mutant.swap(identity, "conflict", lambda old: lambda stored, answered: "")
    mutant.swap(apply, "_require_same_order", lambda old: lambda applying, before, order: None)
