"""One order as its page shows it: header, figures, lines, and when it was last read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from ordermirror import companies, last_runs
from ordermirror.core.totals import ZERO, worth
from ordermirror.models import (
    Manufacturer,
    OrderLine,
    OrderRead,
    Pending,
    Probe,
    Quarantine,
    SalesOrder,
    SalesPerson,
)
from ordermirror.records import NO_MANUFACTURER, OPEN
from ordermirror.web import formats
from ordermirror.web.revised import Revised
from ordermirror.web.statuses import Badge, badge_of

NOT_SEEN_CHANGED = (Probe.HINT, Probe.CONFIRM, Probe.ABSENT, Probe.AUDIT, Probe.RECONCILIATION)
"""Reasons to read an order again without having seen it change."""


class Fact(NamedTuple):
    label: str
    value: str


class Line(NamedTuple):
    """A line as ready text. `settled` says that nothing of it is still to come."""

    place: str
    item: str
    description: str
    note: str
    maker: str
    warehouse: str
    quantity: str
    delivered: str
    remaining: str
    unit: str
    price: str
    pending: str
    due: str
    status: Badge
    settled: bool
    removed: str
    revised: Revised | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was ordered and what became of it, net of tax, from the lines that SAP still sends.

    `ordered` = `delivered` + `pending` + `dropped`; dropped is what closed lines never delivered.
    """

    ordered: Decimal
    delivered: Decimal
    pending: Decimal
    currency: str | None

    @property
    def dropped(self) -> Decimal:
        return self.ordered - self.delivered - self.pending

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means that everything is delivered."""
        if self.ordered <= 0:
            return 0
        return max(0, min(100, int(100 * self.delivered / self.ordered)))


class Trouble(NamedTuple):
    """What keeps the page from showing SAP's newest version; each text is empty when all is well.

    `reason` and `since` say why that version could not be taken.
    """

    missing: str
    reason: str
    since: str
    owed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    order: SalesOrder
    status: Badge
    days_late: int
    customer: str
    address: str
    facts: tuple[Fact, ...]
    totals: tuple[Fact, ...]
    figures: Figures
    lines: tuple[Line, ...]
    removed: tuple[Line, ...]
    places: dict[int, str]
    read_at: datetime | None
    trouble: Trouble


def find_order(company_db: str, doc_entry: int, user: Any) -> SalesOrder | None:
    """One statement: the order, its company and its last runs, and what is known of its reads.

    None as well when the user may not see the company.
    """
    person = SalesPerson.objects.filter(
        company=OuterRef("company"), sales_employee_code=OuterRef("sales_person_code")
    )
    read = OrderRead.objects.filter(pk=OuterRef("pk"))
    same = {"company": OuterRef("company"), "doc_entry": OuterRef("doc_entry")}
    pending, quarantined = Pending.objects.filter(**same), Quarantine.objects.filter(**same)
    return (
        SalesOrder.objects.filter(
            company__in=companies.visible_to(user).filter(company_db=company_db),
            doc_entry=doc_entry,
        )
        .select_related("company")
        .annotate(
            sales_person_name=_one(person, "sales_employee_name"),
            read_at=_one(read, "read_at"),
            document_hash=_one(read, "document_hash"),
            missing_since=_one(read, "missing_since"),
            owed_by=_one(pending, "probe"),
            refused_since=_one(quarantined, "first_seen_at"),
            refused_because=_one(quarantined, "reason"),
            **last_runs.columns("company"),
        )
        .first()
    )


def _one(rows: QuerySet[Any], field: str) -> Subquery:
    return Subquery(rows.values(field)[:1])


def page_of_order(
    order: SalesOrder,
    *,
    today: date,
    now: datetime,
    revised: Callable[[OrderLine], Revised | None] = lambda line: None,
) -> OrderPage:
    """One statement, for the lines. `revised` tells what people entered for a line."""
    maker = Manufacturer.objects.filter(
        company=order.company_id, code=OuterRef("manufacturer_code")
    )
    lines = sorted(
        OrderLine.objects.filter(order=order).annotate(
            manufacturer_name=_one(maker, "manufacturer_name")
        ),
        key=lambda line: (_place(line), line.line_num),
    )
    kept = [line for line in lines if line.removed_at is None]
    gone = [line for line in lines if line.removed_at is not None]
    due = order.doc_due_date
    late = due is not None and due < today and order.document_status == OPEN
    return OrderPage(
        order=order,
        status=badge_of(order.document_status, cancelled=order.cancelled),
        days_late=(today - due).days if due and late else 0,
        customer=order.card_name or order.card_code or formats.MISSING,
        address=(order.address or "").replace("\r", "\n").strip(),
        facts=tuple(_facts(order)),
        totals=tuple(_totals(order)),
        figures=figures_of(kept, order),
        lines=tuple(_line(line, order, now, revised(line)) for line in kept),
        removed=tuple(_line(line, order, now, revised(line)) for line in gone),
        places={line.line_num: str(_place(line) + 1) for line in lines},
        read_at=getattr(order, "read_at", None),
        trouble=_trouble(order, now),
    )


def _trouble(order: SalesOrder, now: datetime) -> Trouble:
    """From the annotations of `find_order`."""
    missing = getattr(order, "missing_since", None)
    refused = getattr(order, "refused_since", None)
    return Trouble(
        missing=formats.clock(missing, now) if missing else "",
        reason=(getattr(order, "refused_because", None) or "").rstrip(". "),
        since=formats.clock(refused, now) if refused else "",
        owed=_owed_text(getattr(order, "owed_by", None)),
    )


def _owed_text(probe: str | None) -> str:
    if probe is None:
        return ""
    if probe in NOT_SEEN_CHANGED:
        return _("will be read again by the next refresh")
    return _("a newer version is on its way")


def figures_of(lines: Iterable[OrderLine], order: SalesOrder) -> Figures:
    ordered, delivered = ZERO, ZERO
    for line in lines:
        amount = _amount(line, order)
        ordered += amount
        if line.quantity and line.remaining_open_quantity is not None:
            share = (line.quantity - line.remaining_open_quantity) / line.quantity
            delivered += worth(amount, share, order.doc_currency)
        elif line.line_status != OPEN:
            delivered += amount
    pending = order.pending_total or ZERO
    return Figures(
        ordered=ordered, delivered=delivered, pending=pending, currency=order.doc_currency
    )


def figure_texts(figures: Figures) -> dict[str, str]:
    """Each figure as text; what was dropped only if something was."""
    currency = figures.currency
    texts = {
        "ordered": formats.amount(figures.ordered, currency),
        "delivered": formats.amount(figures.delivered, currency),
        "pending": formats.amount(figures.pending, currency),
        "dropped": formats.amount(figures.dropped, currency) if figures.dropped else "",
    }
    return texts | {"percent": str(figures.percent), "currency": currency or ""}


def _amount(line: OrderLine, order: SalesOrder) -> Decimal:
    """The line's amount on the basis of `pending_amount`, so that the two can be compared."""
    if line.quantity is not None and line.price is not None:
        return worth(line.quantity, line.price, order.doc_currency)
    return line.row_total_fc or line.line_total or ZERO


def _place(line: OrderLine) -> int:
    return line.line_num if line.visual_order is None else line.visual_order


def _line(line: OrderLine, order: SalesOrder, now: datetime, revised: Revised | None) -> Line:
    delivered = None
    if line.quantity is not None and line.remaining_open_quantity is not None:
        delivered = line.quantity - line.remaining_open_quantity
    return Line(
        place=str(_place(line) + 1),
        item=line.item_code or "",
        description=line.item_description or "",
        note=line.free_text or "",
        maker=_maker(line),
        warehouse=line.warehouse_code or "",
        quantity=formats.quantity(line.quantity),
        delivered=formats.quantity(delivered),
        remaining=formats.quantity(line.remaining_open_quantity),
        unit=line.measure_unit or "",
        price=formats.price(line.price, order.doc_currency),
        pending=formats.amount(line.pending_amount, order.doc_currency),
        due=formats.day(line.ship_date),
        status=badge_of(line.line_status),
        settled=line.line_status != OPEN,
        removed=formats.clock(line.removed_at, now) if line.removed_at else "",
        revised=revised,
    )


def _maker(line: OrderLine) -> str:
    """The manufacturer's name, its code while that is not known; SAP's -1 is none."""
    code = line.manufacturer_code
    if code in (None, NO_MANUFACTURER):
        return ""
    return getattr(line, "manufacturer_name", None) or str(code)


def _facts(order: SalesOrder) -> Iterable[Fact]:
    code = order.sales_person_code
    person = getattr(order, "sales_person_name", None)
    texts = {
        _("Posted"): order.doc_date and order.doc_date.isoformat(),
        _("Due"): order.doc_due_date and order.doc_due_date.isoformat(),
        _("Document date"): order.tax_date and order.tax_date.isoformat(),
        _("Created in SAP"): order.creation_date and order.creation_date.isoformat(),
        _("Updated in SAP"): _updated(order),
        _("Sales person"): None if code is None else f"{person or ''} {code}".strip(),
        _("Customer's reference"): order.num_at_card,
        _("Ship to"): order.ship_to_code,
        _("Project"): order.project,
        _("SAP's DocEntry"): str(order.doc_entry),
    }
    return (Fact(label, text) for label, text in texts.items() if text)


def _updated(order: SalesOrder) -> str:
    day = order.update_date.isoformat() if order.update_date else ""
    return f"{day} {order.update_time or ''}".strip()


def _totals(order: SalesOrder) -> Iterable[Fact]:
    """The document's own figures, tax included, in its currency and then in the company's."""
    currency = order.doc_currency
    total, vat = order.doc_total, order.vat_sum
    if order.doc_total_fc:
        total, vat = order.doc_total_fc, order.vat_sum_fc
    yield Fact(_("Tax"), f"{formats.amount(vat, currency)} {currency or ''}")
    yield Fact(_("Document total"), f"{formats.amount(total, currency)} {currency or ''}")
    if order.doc_total_fc:
        yield Fact(_("In company currency"), formats.amount(order.doc_total, None))
        yield Fact(_("Rate"), formats.quantity(order.doc_rate))
