"""Sales documents as SAP Business One answers them: orders, and what is drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ordermirror.sandbox.company import Row
from ordermirror.sandbox.money import LOCAL, ZERO, reckon_document, reckon_line

OBJECTS = {
    "Orders": ("oOrders", 17),
    "DeliveryNotes": ("oDeliveryNotes", 15),
    "Invoices": ("oInvoices", 13),
    "CreditNotes": ("oCreditNotes", 14),
    "Returns": ("oReturns", 16),
}
"""The object name and code of each kind of document; the code is what BaseType refers to."""

_TAX_EXTENSION = {
    "TaxId0": None,
    "TaxId1": None,
    "TaxSet": None,
    "Vehicle": None,
    "StreetS": None,
    "CityS": None,
    "CountryS": "AE",
    "StreetB": None,
    "CityB": None,
    "CountryB": "AE",
    "ImportOrExport": None,
    "ImportOrExportType": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a new document is made of, besides its lines."""

    entry: int
    number: int
    series: int
    customer: Row
    currency: str
    rate: Decimal
    created: datetime
    doc_date: date
    sales_person: int
    service: bool = False
    num_at_card: str | None = None
    comments: str | None = None
    discount: Decimal = ZERO
    rounding: bool = False
    due_days: int = 14


def new_document(kind: str, heading: Heading) -> Row:
    """An open document without lines; amounts follow with `reckon_document`."""
    customer = heading.customer
    return {
        "DocEntry": heading.entry,
        "DocNum": heading.number,
        "Series": heading.series,
        "DocType": "dDocument_Service" if heading.service else "dDocument_Items",
        "DocObjectCode": OBJECTS[kind][0],
        "DocDate": heading.doc_date,
        "DocDueDate": heading.doc_date + timedelta(days=heading.due_days),
        "TaxDate": heading.doc_date,
        "CreationDate": heading.created.date(),
        "DocTime": heading.created.strftime("%H:%M:00"),
        "UpdateDate": heading.created.date(),
        "UpdateTime": heading.created.strftime("%H:%M:%S"),
        "CardCode": customer["CardCode"],
        "CardName": customer["CardName"],
        "Address": customer["Address"],
        "ShipToCode": "Main",
        "ContactPersonCode": None,
        "NumAtCard": heading.num_at_card,
        "SalesPersonCode": heading.sales_person,
        "DocumentsOwner": None,
        "DocCurrency": heading.currency,
        "DocRate": heading.rate,
        "DiscountPercent": heading.discount,
        "Rounding": "tYES" if heading.rounding else "tNO",
        "PaymentGroupCode": customer["PayTermsGrpCode"],
        "Project": None,
        "DocumentStatus": "bost_Open",
        "Cancelled": "tNO",
        "CancelStatus": "csNo",
        "Confirmed": "tYES",
        "Comments": heading.comments,
        "ClosingRemarks": None,
        "JournalMemo": f"{_TITLES[kind]} - {customer['CardCode']}",
        "TaxExtension": _TAX_EXTENSION,
        "DocumentLines": [],
        "DocumentSpecialLines": [],
    }


def new_line(number: int, item: Row | None, document: Row, **values: Any) -> Row:
    """An open line, its amounts reckoned. Without an item it is a line of a service order."""
    local = document["DocCurrency"] == LOCAL.code
    quantity = values["quantity"]
    line = {
        "LineNum": number,
        "VisualOrder": values["position"],
        "ItemCode": item["ItemCode"] if item else None,
        "ItemDescription": item["ItemName"] if item else values["text"],
        "Quantity": quantity,
        "RemainingOpenQuantity": quantity,
        "UnitPrice": values["unit_price"],
        "DiscountPercent": values.get("discount", ZERO),
        "Currency": document["DocCurrency"],
        "Rate": ZERO if local else document["DocRate"],
        "LineStatus": "bost_Open",
        "WarehouseCode": values.get("warehouse", "01"),
        "ShipDate": document["DocDueDate"],
        "SalesPersonCode": document["SalesPersonCode"],
        "BaseType": -1,
        "BaseEntry": None,
        "BaseLine": None,
        "FreeText": values.get("free_text"),
        "VatGroup": "SR" if values.get("tax", _FIVE) else "ZR",
        "TaxPercentagePerRow": values.get("tax", _FIVE),
        "MeasureUnit": item["SalesUnit"] if item else None,
        "UoMCode": "Manual",
        "SupplierCatNum": None,
        "ProjectCode": None,
        "TreeType": "iNotATree",
        "ParentLineNum": -1,
        "AccountCode": "40010100" if item else "40020300",
    }
    reckon_line(line, document)
    return line


def text_line(number: int, after: int, text: str) -> Row:
    """A text row. SAP keeps these out of DocumentLines."""
    return {
        "LineNum": number,
        "AfterLineNumber": after,
        "OrderNumber": 0,
        "LineType": "dslt_Text",
        "Subtotal": ZERO,
        "LineText": text,
        "SubtotalFC": ZERO,
        "GrossTotal": ZERO,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A quantity taken from one line of a base document."""

    line: Row
    quantity: Decimal


def drawn_document(
    kind: str, base_kind: str, base: Row, draws: Sequence[Draw], entry: int, now: datetime
) -> Row:
    """A delivery, invoice, return or cancellation drawn from a base document's lines."""
    heading = Heading(
        entry=entry,
        number=30000 + entry,
        series=5,
        customer={**base, "PayTermsGrpCode": base["PaymentGroupCode"]},
        currency=base["DocCurrency"],
        rate=base["DocRate"],
        created=now,
        doc_date=now.date(),
        sales_person=base["SalesPersonCode"],
        service=base["DocType"] == "dDocument_Service",
        num_at_card=base["NumAtCard"],
        comments=f"Based On Sales {_TITLES[base_kind]} {base['DocNum']}.",
        discount=base["DiscountPercent"],
        due_days=0,
    )
    document = new_document(kind, heading)
    document["DocumentLines"] = [
        _drawn_line(number, draw, document, (OBJECTS[base_kind][1], base["DocEntry"]))
        for number, draw in enumerate(draws)
    ]
    reckon_document(document)
    return document


def is_open(row: Row) -> bool:
    return bool(row.get("DocumentStatus") == "bost_Open")


def open_lines(document: Row) -> list[Row]:
    return [line for line in document["DocumentLines"] if line["LineStatus"] == "bost_Open"]


def close_line(line: Row, *, keep_quantity: bool = False) -> None:
    line["LineStatus"] = "bost_Close"
    line["OpenAmount"] = line["OpenAmountFC"] = ZERO
    if not keep_quantity:
        line["RemainingOpenQuantity"] = ZERO


def _drawn_line(number: int, draw: Draw, document: Row, base: tuple[int, int]) -> Row:
    line = {
        **draw.line,
        "LineNum": number,
        "VisualOrder": number,
        "Quantity": draw.quantity,
        "RemainingOpenQuantity": draw.quantity,
        "LineStatus": "bost_Open",
        "BaseType": base[0],
        "BaseEntry": base[1],
        "BaseLine": draw.line["LineNum"],
    }
    reckon_line(line, document)
    return line


_FIVE = Decimal("5.0")
_TITLES = {
    "Orders": "Orders",
    "DeliveryNotes": "Deliveries",
    "Invoices": "A/R Invoices",
    "CreditNotes": "A/R Credit Memos",
    "Returns": "Returns",
}
