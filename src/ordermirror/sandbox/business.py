"""A distributor's day: new orders, edits, deliveries, closings, cancellations, returns.

Events draw on the live data and keep its amounts consistent. Whether an event moves an order's
UpdateDate/UpdateTime is the `bump_on` option, since SAP does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from ordermirror.sandbox.company import Company, Row
from ordermirror.sandbox.documents import Draw, close_line, drawn_document, is_open, open_lines
from ordermirror.sandbox.generate import (
    OrderMaker,
    cancel_order,
    close_order,
    deliver,
    part_of,
)
from ordermirror.sandbox.money import (
    CURRENCIES,
    ONE,
    ZERO,
    exact,
    reckon_document,
    reckon_line,
    reckon_open_amounts,
)
from ordermirror.sandbox.options import SandboxOptions

_WEIGHTS = {
    "new": 22,
    "edit": 14,
    "edit_line": 14,
    "remove_line": 4,
    "deliver_partial": 18,
    "deliver_full": 14,
    "close": 5,
    "cancel": 4,
    "reopen": 2,
    "return_": 3,
}
_EDITS = ("edit", "edit_line", "remove_line")
_TRIES = 40
_DEAR = 1_000_000
"""More of what costs so much would be more than SAP's amounts can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an order. `visible`: its UpdateDate moved, or it is new."""

    kind: str
    doc_entry: int
    visible: bool

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "doc_entry": self.doc_entry, "visible": self.visible}


class Business:
    def __init__(self, company: Company, options: SandboxOptions) -> None:
        self._company = company
        self._options = options
        self._rng = Random(f"{options.seed}:business")
        self._maker = OrderMaker(company, options, self._rng)
        self._maker.continue_numbers()
        self._acts: dict[str, Callable[[], Row | None]] = {
            "new": self._new,
            "edit": self._edit,
            "edit_line": self._edit_line,
            "remove_line": self._remove_line,
            "deliver_partial": self._deliver_partial,
            "deliver_full": self._deliver_full,
            "close": self._close,
            "cancel": self._cancel,
            "reopen": self._reopen,
            "return_": self._return,
        }

    def run(self, events: int) -> list[Event]:
        return [self._next() for _ in range(events)]

    def edit(self, doc_entry: int, fields: dict[str, Any]) -> Row:
        order = self._company.orders[doc_entry]
        order.update(fields)
        self._written("edit", order)
        return order

    def close(self, order: Row) -> None:
        """Close an open order by hand."""
        self._close_by_hand(order)
        self._written("close", order)

    def cancel(self, order: Row) -> None:
        """Cancel an open order of which nothing was delivered."""
        self._cancel_whole(order)
        self._written("cancel", order)

    def reopen(self, order: Row) -> None:
        """Open an order that was closed by hand."""
        self._open_by_hand(order)
        self._written("reopen", order)

    def close_line(self, order: Row, line_num: int) -> None:
        """Close one open line by hand; the order closes with its last one."""
        line = next(line for line in open_lines(order) if line["LineNum"] == line_num)
        close_line(line, keep_quantity=self._options.closed_line_keeps_open_quantity)
        if not open_lines(order):
            order["DocumentStatus"] = "bost_Close"
            self._company.closed_by_hand.add(order["DocEntry"])
        self._written("line_close", order)

    def _next(self) -> Event:
        if not self._company.follows_real_clock:
            passed = timedelta(minutes=self._rng.randrange(1, 7), seconds=self._rng.randrange(60))
            self._company.advance(passed)
        kind = self._rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        order = self._acts[kind]()
        if order is None:  # nothing to do it to, such as nobody's goods to return
            kind, order = "new", self._new()
        visible = self._written(kind, order)
        return Event(kind=kind, doc_entry=order["DocEntry"], visible=visible)

    def _written(self, kind: str, order: Row) -> bool:
        """Stamp the order if this kind of event does that, and say whether it did."""
        name = "edit" if kind in _EDITS else kind
        visible = kind == "new" or name in self._options.bump_on
        if visible and kind != "new":
            self._company.stamp(order)
        raising = self._options.version_bump_on
        raises = visible if raising is None else name in raising
        if self._options.data_version and kind != "new":
            order["DataVersion"] = order.get("DataVersion", 1) + raises
        self._company.orders.touch(order["DocEntry"])
        return visible

    def _new(self) -> Row:
        entry = self._company.next_entry("Orders")
        if self._rng.random() < 0.015:
            entry += self._rng.randrange(1, 5)
        order = self._maker.order(entry, self._company.now)
        self._company.orders.add(order)
        return order

    def _edit(self) -> Row | None:
        order = self._some_order(lambda order: True)
        if order is None:
            return None
        match self._rng.randrange(5):
            case 0:
                order["Comments"] = self._rng.choice(
                    ("Customer called\r\nwants it sooner", "Hold until paid", None, "", "عاجل")
                )
            case 1:
                order["NumAtCard"] = f"PO-{self._rng.randrange(1000, 99999)}"
            case 2:
                order["DocDueDate"] += timedelta(days=self._rng.randrange(1, 15))
            case 3:
                order["SalesPersonCode"] = self._rng.randrange(1, 13)
            case _:
                self._give_discount(order)
        return order

    def _give_discount(self, order: Row) -> None:
        order["DiscountPercent"] = self._rng.choice((ZERO, Decimal("1.5"), Decimal("3.0")))
        for line in order["DocumentLines"]:
            reckon_line(line, order)
        reckon_document(order)

    def _edit_line(self) -> Row | None:
        order = self._some_order(_has_open_items)
        if order is None:
            return None
        lines = order["DocumentLines"]
        chance = self._rng.random()
        if chance < 0.25 and len(lines) < self._options.max_lines:
            number = max(line["LineNum"] for line in lines) + 1
            lines.append(self._maker.line(order, number, len(lines)))
        else:
            self._change_line(order, self._rng.choice(open_lines(order)), chance)
        reckon_document(order)
        return order

    def _change_line(self, order: Row, line: Row, chance: float) -> None:
        dear = line["UnitPrice"] > _DEAR
        if chance < 0.75 and not dear:
            # A line reopened by hand may have more to deliver than was ever ordered.
            delivered = max(exact(line["Quantity"] - line["RemainingOpenQuantity"]), ZERO)
            remaining = self._maker.quantity()
            line["Quantity"] = exact(delivered + remaining)
            line["RemainingOpenQuantity"] = remaining
        else:
            factor = Decimal(self._rng.randrange(80, 120)) / 100
            factor = min(factor, ONE) if dear else factor
            line["UnitPrice"] = exact((line["UnitPrice"] * factor).quantize(Decimal("0.000001")))
        reckon_line(line, order)

    def _remove_line(self) -> Row | None:
        """A row nothing was delivered of goes; its LineNum is not used again."""
        order = self._some_order(lambda order: len(open_lines(order)) > 1)
        if order is None:
            return None
        delivered = self._company.delivered.get(order["DocEntry"], {})
        spare = [line for line in open_lines(order) if line["LineNum"] not in delivered]
        if len(spare) < 2:
            return None
        order["DocumentLines"].remove(self._rng.choice(spare[:-1]))
        for position, line in enumerate(order["DocumentLines"]):
            line["VisualOrder"] = position
        reckon_document(order)
        return order

    def _deliver_partial(self) -> Row | None:
        order = self._some_order(_has_items)
        if order is None:
            return None
        lines = open_lines(order)
        some = self._rng.sample(lines, max(1, len(lines) // 2))
        share = Decimal(self._rng.choice(("0.25", "0.5", "0.75")))
        draws = [
            Draw(line=line, quantity=part_of(line["RemainingOpenQuantity"], share))
            for line in sorted(some, key=lambda line: int(line["LineNum"]))
        ]
        draws = [draw for draw in draws if draw.quantity]
        if not draws:
            return None
        deliver(self._company, order, draws, self._follow_up())
        return order

    def _deliver_full(self) -> Row | None:
        order = self._some_order(_has_items)
        if order is None:
            return None
        draws = [
            Draw(line=line, quantity=line["RemainingOpenQuantity"]) for line in open_lines(order)
        ]
        if not draws:  # an odd order: open, and none of its lines is
            return None
        deliver(self._company, order, draws, self._follow_up())
        return order

    def _follow_up(self) -> str:
        return "DeliveryNotes" if self._rng.random() < 0.8 else "Invoices"

    def _close(self) -> Row | None:
        order = self._some_order(lambda order: True)
        if order is not None:
            self._close_by_hand(order)
        return order

    def _close_by_hand(self, order: Row) -> None:
        close_order(order, keep_quantity=self._options.closed_line_keeps_open_quantity)
        self._company.closed_by_hand.add(order["DocEntry"])

    def _cancel(self) -> Row | None:
        """SAP refuses to cancel an order something was delivered of."""
        delivered = self._company.delivered
        order = self._some_order(lambda order: order["DocEntry"] not in delivered)
        if order is not None:
            self._cancel_whole(order)
        return order

    def _cancel_whole(self, order: Row) -> None:
        cancel_order(order, keep_quantity=self._options.closed_line_keeps_open_quantity)

    def _reopen(self) -> Row | None:
        """Only what was closed by hand can be opened again."""
        entries = sorted(self._company.closed_by_hand - self._company.odd)
        if not entries:
            return None
        order = self._company.orders[self._rng.choice(entries)]
        self._open_by_hand(order)
        return order

    def _open_by_hand(self, order: Row) -> None:
        self._company.closed_by_hand.discard(order["DocEntry"])
        delivered = self._company.delivered.get(order["DocEntry"], {})
        order["DocumentStatus"] = "bost_Open"
        for line in order["DocumentLines"]:
            open_again(line, exact(line["Quantity"] - delivered.get(line["LineNum"], ZERO)), order)

    def _return(self) -> Row | None:
        """Goods come back, or a delivery is cancelled: the order opens again."""
        notes = self._company.tables["DeliveryNotes"]
        for _ in range(_TRIES if notes.keys else 0):
            note = notes[self._rng.choice(notes.keys)]
            order = self._order_behind(note)
            if order is not None and is_open(note):
                self._give_back(note, order)
                return order
        return None

    def _order_behind(self, note: Row) -> Row | None:
        first = note["DocumentLines"][0]
        if first["BaseType"] != 17:
            return None
        order = self._company.orders.get(first["BaseEntry"])
        if order is None or first["BaseEntry"] in self._company.odd | self._company.closed_by_hand:
            return None
        return None if order["Cancelled"] == "tYES" else order

    def _give_back(self, note: Row, order: Row) -> None:
        cancelled = self._rng.random() < 0.4
        kind = "DeliveryNotes" if cancelled else "Returns"
        draws = [Draw(line=line, quantity=line["Quantity"]) for line in note["DocumentLines"]]
        entry = self._company.next_entry(kind)
        document = drawn_document(kind, "DeliveryNotes", note, draws, entry, self._company.now)
        if self._options.return_base == "order":
            _base_on_order(document, note)
        close_order(note, keep_quantity=False)
        if cancelled:
            close_order(document, keep_quantity=False)
            document["CancelStatus"] = "csCancellation"
            note["Cancelled"], note["CancelStatus"] = "tYES", "csYes"
        self._company.tables[kind].add(document)
        self._company.tables["DeliveryNotes"].touch(note["DocEntry"])
        self._undeliver(note, order)

    def _undeliver(self, note: Row, order: Row) -> None:
        delivered = self._company.delivered.setdefault(order["DocEntry"], {})
        lines = {line["LineNum"]: line for line in order["DocumentLines"]}
        for returned in note["DocumentLines"]:
            number = returned["BaseLine"]
            left = delivered.get(number, ZERO) - returned["Quantity"]
            delivered[number] = exact(max(left, ZERO))
            line = lines[number]
            open_again(line, exact(line["RemainingOpenQuantity"] + returned["Quantity"]), order)
        order["DocumentStatus"] = "bost_Open"

    def _some_order(self, suits: Callable[[Row], bool]) -> Row | None:
        """An open order at random, more often a newer one."""
        keys = self._company.orders.keys
        for _ in range(_TRIES if keys else 0):
            position = int(len(keys) * (1 - self._rng.random() ** 2))
            order = self._company.orders[keys[min(position, len(keys) - 1)]]
            if is_open(order) and order["DocEntry"] not in self._company.odd and suits(order):
                return order
        return None


def open_again(line: Row, remaining: Decimal, order: Row) -> None:
    if not remaining and line["Quantity"]:
        return  # delivered in full before: stays closed
    line["LineStatus"] = "bost_Open"
    line["RemainingOpenQuantity"] = remaining
    reckon_open_amounts(line, CURRENCIES[order["DocCurrency"]])


def _has_items(order: Row) -> bool:
    return bool(order["DocType"] == "dDocument_Items")


def _has_open_items(order: Row) -> bool:
    """Lines may have been closed one by one, which leaves the order open at some sites."""
    return _has_items(order) and bool(open_lines(order))


def _base_on_order(document: Row, note: Row) -> None:
    for line, noted in zip(document["DocumentLines"], note["DocumentLines"], strict=True):
        for name in ("BaseType", "BaseEntry", "BaseLine"):
            line[name] = noted[name]
