"""What the export must say, told from the sandbox's own documents.

Written apart from the product's mapping on purpose: shares no code with it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

HEADER = {
    "doc_entry": "DocEntry",
    "doc_num": "DocNum",
    "series": "Series",
    "doc_type": "DocType",
    "doc_date": "DocDate",
    "doc_due_date": "DocDueDate",
    "tax_date": "TaxDate",
    "creation_date": "CreationDate",
    "update_date": "UpdateDate",
    "update_time": "UpdateTime",
    "card_code": "CardCode",
    "card_name": "CardName",
    "num_at_card": "NumAtCard",
    "doc_currency": "DocCurrency",
    "doc_rate": "DocRate",
    "doc_total": "DocTotal",
    "doc_total_fc": "DocTotalFc",
    "vat_sum": "VatSum",
    "vat_sum_fc": "VatSumFc",
    "discount_percent": "DiscountPercent",
    "total_discount": "TotalDiscount",
    "rounding_diff_amount": "RoundingDiffAmount",
    "sales_person_code": "SalesPersonCode",
    "payment_group_code": "PaymentGroupCode",
    "contact_person_code": "ContactPersonCode",
    "ship_to_code": "ShipToCode",
    "address": "Address",
    "project": "Project",
    "comments": "Comments",
}
LINE = {
    "line_num": "LineNum",
    "visual_order": "VisualOrder",
    "item_code": "ItemCode",
    "item_description": "ItemDescription",
    "quantity": "Quantity",
    "remaining_open_quantity": "RemainingOpenQuantity",
    "measure_unit": "MeasureUnit",
    "unit_price": "UnitPrice",
    "discount_percent": "DiscountPercent",
    "price": "Price",
    "currency": "Currency",
    "line_total": "LineTotal",
    "row_total_fc": "RowTotalFC",
    "tax_total": "TaxTotal",
    "open_amount": "OpenAmount",
    "open_amount_fc": "OpenAmountFC",
    "warehouse_code": "WarehouseCode",
    "ship_date": "ShipDate",
    "sales_person_code": "SalesPersonCode",
    "free_text": "FreeText",
    "tree_type": "TreeType",
    "parent_line_num": "ParentLineNum",
}
STATUS = {
    "bost_Open": "open",
    "bost_Close": "closed",
    "bost_Paid": "paid",
    "bost_Delivered": "delivered",
}
THREE_DECIMALS = {"KWD", "BHD", "OMR"}


def expected(document: dict) -> dict:
    """An order as `export` must print it, lines that SAP no longer sends left out."""
    lines = sorted(document["DocumentLines"], key=lambda line: line["LineNum"])
    told = [_line(line, document["DocCurrency"]) for line in lines]
    order = {name: plain(document[sap]) for name, sap in HEADER.items()}
    return order | {
        "document_status": STATUS.get(document["DocumentStatus"], document["DocumentStatus"]),
        "cancelled": document["Cancelled"] == "tYES",
        "pending_total": plain(sum(Decimal(line["pending_amount"]) for line in told)),
        "lines": told,
    }


def expected_of(sandbox) -> dict[int, dict]:
    """All that the sandbox holds, by DocEntry."""
    return {document["DocEntry"]: expected(document) for document in sandbox.orders()}


def _line(line: dict, currency: str) -> dict:
    places = Decimal("0.001") if currency in THREE_DECIMALS else Decimal("0.01")
    pending = Decimal(0)
    if line["LineStatus"] == "bost_Open":
        pending = (line["RemainingOpenQuantity"] * line["Price"]).quantize(places, ROUND_HALF_UP)
    return {name: plain(line[sap]) for name, sap in LINE.items()} | {
        "line_status": STATUS.get(line["LineStatus"], line["LineStatus"]),
        "pending_amount": plain(pending),
        "removed_at": None,
    }


def plain(value: object) -> object:
    """Numbers as exact text without needless zeros, dates as ISO text, the rest as it is."""
    if isinstance(value, Decimal):
        text = format(value + 0, "f")  # -0 is 0
        return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
    return value.isoformat() if hasattr(value, "isoformat") else value


def without_removed(order: dict) -> dict:
    """As SAP has it: without lines it no longer sends, and without their items' manufacturers."""
    lines = [line for line in order["lines"] if line["removed_at"] is None]
    return order | {"lines": [without_manufacturer(line) for line in lines]}


def without_manufacturer(line: dict) -> dict:
    return {name: value for name, value in line.items() if name != "manufacturer_code"}
