"""Sales people, manufacturers, items and customers, from SAP's JSON."""

from __future__ import annotations

from datetime import date

import msgspec

from ordermirror.errors import BadAnswer
from ordermirror.records import Customer, Item, Manufacturer, SalesPerson, ToldCustomer
from ordermirror.sap.wire_values import (
    Code,
    Date,
    Description,
    Int,
    Name,
    day,
    decoded,
    readable,
    require_no_nul,
    sap_name,
)

SALES_PERSON_SELECT = ",".join(map(sap_name, SalesPerson._fields))
MANUFACTURER_SELECT = ",".join(map(sap_name, Manufacturer._fields))
ITEM_SELECT = ",".join(map(sap_name, (*Item._fields[:-1], "create_date", "update_date")))
CUSTOMER_SELECT = ",".join(map(sap_name, (*Customer._fields[:-1], "create_date", "update_date")))


class _SalesPerson(msgspec.Struct, rename=sap_name):
    sales_employee_code: Int
    sales_employee_name: Name
    active: str | None = None


class _Manufacturer(msgspec.Struct, rename=sap_name):
    code: Int
    manufacturer_name: Name


class _Item(msgspec.Struct, rename=sap_name):
    item_code: Code
    item_name: Description | None = None
    manufacturer: Int | None = None
    create_date: Date | None = None
    update_date: Date | None = None


class _Customer(msgspec.Struct, rename=sap_name):
    card_code: Code
    card_name: Name | None = None
    sales_person_code: Int | None = None
    currency: Code | None = None
    phone1: Name | None = None
    create_date: Date | None = None
    update_date: Date | None = None


class _Partner(msgspec.Struct, rename=sap_name):
    """A customer as it comes with an order: what is left out is not told, and null is empty."""

    card_code: Code
    card_name: Name | msgspec.UnsetType | None = msgspec.UNSET
    sales_person_code: Int | msgspec.UnsetType | None = msgspec.UNSET
    currency: Code | msgspec.UnsetType | None = msgspec.UNSET
    phone1: Name | msgspec.UnsetType | None = msgspec.UNSET


_sales_person_decoder = msgspec.json.Decoder(_SalesPerson)
_manufacturer_decoder = msgspec.json.Decoder(_Manufacturer)
_item_decoder = msgspec.json.Decoder(_Item)
_customer_decoder = msgspec.json.Decoder(_Customer)


def decode_sales_person(row: msgspec.Raw) -> SalesPerson:
    try:
        wire = decoded(_sales_person_decoder, row)
        require_no_nul([wire.sales_employee_name])
    except ValueError as exc:
        raise BadAnswer(f"a sales person can't be read: {exc}") from exc
    active = {"tYES": True, "tNO": False}.get(wire.active or "")
    return SalesPerson(wire.sales_employee_code, wire.sales_employee_name, active)


def decode_manufacturer(row: msgspec.Raw) -> Manufacturer:
    """Raises ValueError, as those of items and customers, when it can't be read."""
    wire = decoded(_manufacturer_decoder, row)
    require_no_nul([wire.manufacturer_name])
    return Manufacturer(wire.code, wire.manufacturer_name)


def decode_item(row: msgspec.Raw) -> Item:
    wire = decoded(_item_decoder, row)
    require_no_nul([wire.item_code, wire.item_name])
    return Item(wire.item_code, wire.item_name, wire.manufacturer, _stamped(wire))


def decode_customer(row: msgspec.Raw) -> Customer:
    wire = decoded(_customer_decoder, row)
    texts = (wire.card_code, wire.card_name, wire.currency, wire.phone1)
    require_no_nul(texts)
    return Customer(
        wire.card_code,
        wire.card_name,
        wire.sales_person_code,
        wire.currency,
        wire.phone1,
        _stamped(wire),
    )


def told_customer(raw: msgspec.Raw) -> ToldCustomer | None:
    """None where none can be read: the order does not depend on it."""
    partner = readable(raw, _Partner)
    if partner is None:
        return None
    fields = msgspec.structs.asdict(partner)
    told = {name: it for name, it in fields.items() if it is not msgspec.UNSET}
    try:
        require_no_nul(told.values())
    except ValueError:
        return None
    return ToldCustomer(partner.card_code, told)


def _stamped(wire: _Item | _Customer) -> date | None:
    """SAP leaves the day of update empty until the first one."""
    days = (day(wire.create_date), day(wire.update_date))
    return max((day for day in days if day), default=None)
