"""What the doctor's tests share: findings by title, and a person at work in SAP."""

from __future__ import annotations

from datetime import timedelta

from ordermirror.sandbox.documents import Draw, open_lines
from ordermirror.sandbox.generate import cancel_order, close_order, deliver
from ordermirror.sap.session import Access


def access(address, **changed) -> Access:
    given = {
        "url": address.url(2),
        "company_db": "SBODEMO",
        "user": "manager",
        "password": "sandbox",
        "ca_file": address.ca_file,
        "total_seconds": 20,
    }
    return Access(**given | changed)


def by_title(findings) -> dict:
    return {finding.title: finding for finding in findings}


def untouched_orders(sandbox) -> list[dict]:
    """Open orders of goods with a number of their own, of which nothing was delivered."""
    orders = sandbox.orders()
    numbers = [order["DocNum"] for order in orders]
    return [
        order
        for order in orders
        if order["DocumentStatus"] == "bost_Open"
        and order["DocType"] == "dDocument_Items"
        and order["DocEntry"] not in sandbox.company.delivered
        and numbers.count(order["DocNum"]) == 1
        and all(line["RemainingOpenQuantity"] >= 2 for line in order["DocumentLines"])
    ]


def happen(sandbox, kind: str, doc_entry: int) -> None:
    """What a person does to an order in SAP, some minutes after the last thing."""
    company = sandbox.company
    with company.lock:
        company.advance(timedelta(minutes=3, seconds=17))
        order = company.orders[doc_entry]
        match kind:
            case "edit":
                order["Comments"] = "Looked at by the doctor"
            case "deliver_partial":
                line = open_lines(order)[0]
                deliver(company, order, [Draw(line=line, quantity=line["Quantity"] // 2)],
                        "DeliveryNotes")  # fmt: skip
            case "close":
                close_order(order, keep_quantity=False)
            case "cancel":
                cancel_order(order, keep_quantity=False)
        sandbox._business._written(kind, order)


LIFE = ("edit", "deliver_partial", "close")
