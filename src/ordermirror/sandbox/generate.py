"""A company made up from a seed: master data and about 18 months of sales orders."""

from __future__ import annotations

import gc
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ordermirror.sandbox import catalogue
from ordermirror.sandbox.company import Company, Row
from ordermirror.sandbox.documents import (
    Draw,
    Heading,
    close_line,
    drawn_document,
    new_document,
    new_line,
    text_line,
)
from ordermirror.sandbox.money import (
    CURRENCIES,
    ONE,
    ZERO,
    exact,
    reckon_document,
    reckon_open_amounts,
)
from ordermirror.sandbox.options import SandboxOptions

PRIMARY_SERIES = 4
BRANCH_SERIES = 71
"""A second numbering series: its DocNums repeat those of the first."""

_NUMBERS = [exact(Decimal(n)) for n in range(10_001)]
_HUGE_PRICE = Decimal("9007199254.740993")
_DISCOUNTS = tuple(Decimal(text) for text in ("2.5", "5.0", "7.5", "10.0", "12.345678"))
_COMMENTS = (
    "Call before delivery.",
    "Deliver to site store.\rGate pass needed.",
    "Partial shipments allowed\r\nAttn: Mr. Ravi",
    "يرجى التسليم قبل الظهر",
    "Price as agreed <b>by phone</b> & mail; 5% retention",
    "",
)
_TEXTS = ("Ground floor", "Material for phase 2", "Substitutes not accepted", "المرحلة الثانية")
_SERVICES = ("Installation on site", "Pressure test & report", "Delivery charges", "أجور تركيب")


def fill(company: Company, options: SandboxOptions) -> None:
    rng = Random(options.seed)
    now = company.now
    tables = company.tables
    for name, rows in (
        ("Manufacturers", catalogue.manufacturers()),
        ("SalesPersons", catalogue.sales_people()),
        ("Items", catalogue.items(options.items, rng, now)),
        ("BusinessPartners", catalogue.customers(options.customers, rng, now)),
    ):
        for row in rows:
            tables[name].add(row)
    collecting = gc.isenabled()
    gc.disable()  # a million young, immortal dicts: collecting them in vain doubles the time
    try:
        History(company, options, rng).write()
    finally:
        if collecting:
            gc.enable()


class OrderMaker:
    """Makes up new orders; used for the past and, later on, for each day's business."""

    def __init__(self, company: Company, options: SandboxOptions, rng: Random) -> None:
        self.rng = rng
        self._company = company
        self._max_lines = options.max_lines
        self._customers = list(company.tables["BusinessPartners"])
        self._items = list(company.tables["Items"])
        self._prices = {item["ItemCode"]: catalogue.list_price(rng) for item in self._items}
        self._numbers = {PRIMARY_SERIES: 10_000, BRANCH_SERIES: 10_000}

    def continue_numbers(self) -> None:
        """Go on after the orders there are."""
        for order in self._company.orders:
            series = order["Series"]
            self._numbers[series] = max(self._numbers[series], order["DocNum"])

    def order(self, entry: int, created: datetime) -> Row:
        rng = self.rng
        service = rng.random() < 0.02
        document = new_document("Orders", self._heading(entry, created, service=service))
        count = min(self._max_lines, 1 + int(rng.expovariate(1 / 7)))
        number = 0
        lines = document["DocumentLines"]
        for position in range(count):
            lines.append(self.line(document, number, position))
            number += 1 if rng.random() > 0.02 else 2  # a deleted row leaves a gap
        if rng.random() < 0.08:
            text = rng.choice(_TEXTS)
            document["DocumentSpecialLines"].append(text_line(0, lines[-1]["LineNum"], text))
        reckon_document(document)
        return document

    def line(self, document: Row, number: int, position: int) -> Row:
        rng = self.rng
        discount = rng.choice(_DISCOUNTS) if rng.random() < 0.2 else ZERO
        tax = ZERO if document["DocCurrency"] == "KWD" else _FIVE
        if document["DocType"] == "dDocument_Service":
            return new_line(
                number, None, document, position=position, quantity=ZERO, tax=tax,
                unit_price=catalogue.list_price(rng), text=rng.choice(_SERVICES),
            )  # fmt: skip
        item = self._items[int(len(self._items) * rng.random())]
        return new_line(
            number, item, document, position=position, quantity=self.quantity(), tax=tax,
            unit_price=self._prices[item["ItemCode"]], discount=discount,
            warehouse="01" if rng.random() < 0.8 else "02",
            free_text="urgent" if rng.random() < 0.03 else None,
        )  # fmt: skip

    def quantity(self) -> Decimal:
        rng = self.rng
        if rng.random() < 0.03:
            return exact(Decimal(rng.randrange(1, 10**8)) / 1_000_000)
        return _NUMBERS[int(2 ** (rng.random() * 7))]

    def _heading(self, entry: int, created: datetime, *, service: bool) -> Heading:
        rng = self.rng
        series = BRANCH_SERIES if rng.random() < 0.03 else PRIMARY_SERIES
        self._numbers[series] += 1
        customer = self._customers[int(len(self._customers) * rng.random() ** 1.5)]
        currency = _pick_currency(rng)
        shift = rng.choice((-3, -1, 1, 5)) if rng.random() < 0.05 else 0
        return Heading(
            entry=entry,
            number=self._numbers[series],
            series=series,
            customer=customer,
            currency=currency,
            rate=_rate(currency, rng),
            created=created,
            doc_date=created.date() + timedelta(days=shift),
            sales_person=customer["SalesPersonCode"],
            service=service,
            num_at_card=_num_at_card(rng),
            comments=rng.choice(_COMMENTS) if rng.random() < 0.5 else None,
            discount=rng.choice(_DISCOUNTS) if rng.random() < 0.05 else ZERO,
            rounding=rng.random() < 0.02,
            due_days=rng.randrange(1, 45),
        )


class History:
    """The orders of the past: mostly closed, some cancelled, the newest open."""

    def __init__(self, company: Company, options: SandboxOptions, rng: Random) -> None:
        self._company = company
        self._rng = rng
        self._count = options.orders
        self._maker = OrderMaker(company, options, rng)
        self._open = self._open_positions(options.open_share)
        self._keeps_quantity = options.closed_line_keeps_open_quantity

    def write(self) -> None:
        entry = 0
        for position, created in enumerate(self._moments()):
            entry += 1 if self._rng.random() > 0.015 else self._rng.randrange(2, 6)
            order = self._maker.order(entry, created)
            self._add_oddities(position, order)
            self._company.orders.add(order)
            self._settle(position, order)

    def _moments(self) -> list[datetime]:
        """When each order was entered: in working hours, up to yesterday."""
        today, rng = self._company.now.date(), self._rng
        start = datetime.combine(catalogue.first_day(today), datetime.min.time())
        days = (today - start.date()).days
        offsets = sorted(
            (rng.randrange(days), rng.randrange(8 * 3600, 18 * 3600)) for _ in range(self._count)
        )
        return [start + timedelta(days=day, seconds=second) for day, second in offsets]

    def _open_positions(self, share: float) -> set[int]:
        """Nine in ten open orders are among the newest, the rest lie about since long."""
        wanted = round(self._count * share)
        recent = range(max(0, self._count - int(wanted * 1.1)), self._count)
        newest = self._rng.sample(recent, min(len(recent), round(wanted * 0.9)))
        others = range(recent.start)
        stale = self._rng.sample(others, min(len(others), wanted - len(newest)))
        missing = wanted - len(newest) - len(stale)
        spare = sorted(set(recent) - set(newest))[:missing] if missing else []
        return {*newest, *stale, *spare}

    def _settle(self, position: int, order: Row) -> None:
        rng = self._rng
        if position in self._open:
            if rng.random() < 0.25 and order["DocType"] == "dDocument_Items":
                self._deliver_part(order)
            return
        chance = rng.random()
        if chance < 0.12:
            cancel_order(order, keep_quantity=self._keeps_quantity)
        elif chance < 0.22:
            close_order(order, keep_quantity=self._keeps_quantity)
            self._company.closed_by_hand.add(order["DocEntry"])
        else:
            self._deliver_all(position, order)
        closed = datetime.combine(order["CreationDate"], datetime.min.time()) + timedelta(
            days=rng.randrange(0, 30), seconds=rng.randrange(8 * 3600, 18 * 3600)
        )
        if closed < self._company.now and order["UpdateTime"] is not None:
            order["UpdateDate"] = closed.date()
            order["UpdateTime"] = closed.strftime("%H:%M:%S")

    def _deliver_part(self, order: Row) -> None:
        lines = order["DocumentLines"]
        draws = []
        for line in lines[: max(1, len(lines) // 2)]:
            share = self._rng.choice((Decimal("0.25"), Decimal("0.5"), ONE))
            if line is lines[-1]:
                share = Decimal("0.5")  # something remains, so the order stays open
            quantity = part_of(line["Quantity"], share)
            if quantity:
                draws.append(Draw(line=line, quantity=quantity))
        if draws:
            deliver(self._company, order, draws, "DeliveryNotes")

    def _deliver_all(self, position: int, order: Row) -> None:
        """Old deliveries are not kept: nobody asks for them, and they would double the data."""
        if position > self._count - 200 and order["DocType"] == "dDocument_Items":
            draws = [Draw(line=line, quantity=line["Quantity"]) for line in order["DocumentLines"]]
            deliver(self._company, order, draws, "DeliveryNotes")
        close_order(order, keep_quantity=False)

    def _add_oddities(self, position: int, order: Row) -> None:
        if position < self._count * 0.02 and self._rng.random() < 0.15:
            order["UpdateTime"] = None  # migrated from the system before
        if position in (self._count // 3, self._count - 2) and order["DocumentLines"]:
            line = new_line(
                order["DocumentLines"][-1]["LineNum"] + 1,
                self._company.tables["Items"][self._company.tables["Items"].keys[0]],
                order,
                position=len(order["DocumentLines"]),
                quantity=ONE,
                unit_price=_HUGE_PRICE,
            )
            order["DocumentLines"].append(line)
            reckon_document(order)


def part_of(quantity: Decimal, share: Decimal) -> Decimal:
    """A share of a quantity: whole pieces where it is whole, else to six decimals."""
    if quantity == quantity.to_integral_value():
        return exact(Decimal(int(quantity * share)))
    return exact((quantity * share).quantize(Decimal("0.000001")))


def deliver(company: Company, order: Row, draws: list[Draw], kind: str) -> Row:
    """Draw a delivery or an invoice from an order; the order closes when nothing remains."""
    entry = company.next_entry(kind)
    now = company.now
    document = drawn_document(kind, "Orders", order, draws, entry, now)
    company.tables[kind].add(document)
    delivered = company.delivered.setdefault(order["DocEntry"], {})
    currency = CURRENCIES[order["DocCurrency"]]
    for draw in draws:
        line = draw.line
        number = line["LineNum"]
        delivered[number] = delivered.get(number, ZERO) + draw.quantity
        line["RemainingOpenQuantity"] = exact(line["RemainingOpenQuantity"] - draw.quantity)
        if not line["RemainingOpenQuantity"]:
            close_line(line)
        reckon_open_amounts(line, currency)
    if all(line["LineStatus"] != "bost_Open" for line in order["DocumentLines"]):
        order["DocumentStatus"] = "bost_Close"
    return document


def close_order(order: Row, *, keep_quantity: bool) -> None:
    order["DocumentStatus"] = "bost_Close"
    for line in order["DocumentLines"]:
        if line["LineStatus"] == "bost_Open":
            close_line(line, keep_quantity=keep_quantity)


def cancel_order(order: Row, *, keep_quantity: bool) -> None:
    """A cancelled order is closed as well: Cancelled must be looked at first."""
    close_order(order, keep_quantity=keep_quantity)
    order["Cancelled"] = "tYES"
    order["CancelStatus"] = "csYes"


def _pick_currency(rng: Random) -> str:
    chance = rng.random()
    return "AED" if chance < 0.8 else "USD" if chance < 0.93 else "KWD"


def _rate(currency: str, rng: Random) -> Decimal:
    if currency == "AED":
        return ONE
    if currency == "USD":
        return Decimal("3.6725")
    return exact(Decimal(rng.randrange(1_190_000, 1_205_000)) / 100_000)


def _num_at_card(rng: Random) -> str | None:
    chance = rng.random()
    if chance < 0.2:
        return None
    return "" if chance < 0.25 else f"PO-{rng.randrange(1000, 99999)}"


_FIVE = Decimal("5.0")
