"""What SAP Business One's $metadata declares: properties, their types, defaults and enumerations.

The facts are in `metadata.txt`, taken from a real $metadata document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

ENTITY_SETS = {
    "Orders": ("Document", "DocEntry"),
    "DeliveryNotes": ("Document", "DocEntry"),
    "Invoices": ("Document", "DocEntry"),
    "Returns": ("Document", "DocEntry"),
    "CreditNotes": ("Document", "DocEntry"),
    "Items": ("Item", "ItemCode"),
    "Manufacturers": ("Manufacturer", "Code"),
    "SalesPersons": ("SalesPerson", "SalesEmployeeCode"),
    "BusinessPartners": ("BusinessPartner", "CardCode"),
}
"""Name of each entity set served: its entity type and key property."""

_SIMPLE_EDM = {
    "str": ("Edm.String", "Edm.String"),
    "i32": ("Edm.Int32", "Edm.Int32"),
    "dbl": ("Edm.Double", "Edm.Double"),
    "date": ("Edm.DateTime", "Edm.DateTimeOffset"),
    "time": ("Edm.Time", "Edm.TimeOfDay"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum:
    """An enumeration: JSON carries member names, filters may also use the database values."""

    name: str
    members: dict[str, str]

    def member(self, text: str) -> str | None:
        if text in self.members:
            return text
        return next((name for name, value in self.members.items() if value == text), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    name: str
    type: str
    default: Any
    enum: Enum | None = None

    @property
    def is_collection(self) -> bool:
        return self.type.startswith("[")

    @property
    def is_simple(self) -> bool:
        return self.type in _SIMPLE_EDM or self.enum is not None or self.type.endswith("Enum")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityType:
    name: str
    properties: dict[str, Property]

    def defaults(self) -> dict[str, Any]:
        return {name: prop.default for name, prop in self.properties.items()}


@cache
def enums() -> dict[str, Enum]:
    sections = _sections()
    return {
        title.removeprefix("enum "): Enum(
            name=title.removeprefix("enum "),
            members=dict(token.split("=", 1) for token in tokens),
        )
        for title, tokens in sections.items()
        if title.startswith("enum ")
    }


@cache
def entity_types() -> dict[str, EntityType]:
    return {
        title: EntityType(
            name=title, properties={prop.name: prop for prop in map(_property, tokens)}
        )
        for title, tokens in _sections().items()
        if not title.startswith("enum ")
    }


def entity_type_of(entity_set: str) -> EntityType:
    return entity_types()[ENTITY_SETS[entity_set][0]]


@cache
def edmx(version: int) -> bytes:
    """A small but valid $metadata document for the entity sets served."""
    body = "".join(_edmx_lines(version))
    if version == 1:
        envelope = ("1.0", "http://schemas.microsoft.com/ado/2007/06/edmx")
        schema = "http://schemas.microsoft.com/ado/2009/11/edm"
        services = (
            '<edmx:DataServices xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/'
            'metadata" m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0">'
        )
    else:
        envelope = ("4.0", "http://docs.oasis-open.org/odata/ns/edmx")
        schema = "http://docs.oasis-open.org/odata/ns/edm"
        services = "<edmx:DataServices>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<edmx:Edmx Version="{envelope[0]}" xmlns:edmx="{envelope[1]}">{services}'
        f'<Schema Namespace="SAPB1" xmlns="{schema}">{body}</Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    ).encode()


@cache
def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    title = ""
    for line in Path(__file__).with_name("metadata.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            title = line.strip("[]")
            sections[title] = []
        elif line and not line.startswith("#"):
            sections[title].extend(line.split())
    return sections


def _property(token: str) -> Property:
    declaration, _, default = token.partition("=")
    name, _, kind = declaration.partition(":")
    enum = enums().get(kind)
    return Property(name=name, type=kind, default=_default(kind, default, enum), enum=enum)


def _default(kind: str, text: str, enum: Enum | None) -> Any:
    """What a property nobody filled in shows: SAP answers null, 0.0, [] and {}."""
    if kind == "dbl":
        return Decimal("0.0")
    if kind.startswith("["):
        return []
    if kind in ("TaxExtension", "AddressExtension", "EWayBillDetails"):
        return {}
    if enum is not None:
        no = "tNO" if kind == "BoYesNoEnum" else None
        return enum.member(text) if text else no
    if kind == "i32" and text:
        return int(text)
    return text if kind == "str" and text else None


def _edmx_lines(version: int) -> Iterator[str]:
    keys = dict(ENTITY_SETS.values())
    complex_types = {"TaxExtension", "AddressExtension", "EWayBillDetails"}
    for kind, entity in entity_types().items():
        element = "EntityType" if kind in keys else "ComplexType"
        attributes = ' OpenType="true"' if kind in keys else ""
        yield f'<{element} Name="{kind}"{attributes}>'
        if kind in keys:
            yield f'<Key><PropertyRef Name="{keys[kind]}"/></Key>'
        for prop in entity.properties.values():
            nullable = ' Nullable="false"' if prop.name == keys.get(kind) else ""
            yield f'<Property Name="{prop.name}" Type="{_edm(prop, version)}"{nullable}/>'
            if prop.is_collection and prop.type.strip("[]") not in entity_types():
                complex_types.add(prop.type.strip("[]"))
        yield f"</{element}>"
    yield from (f'<ComplexType Name="{name}"/>' for name in sorted(complex_types))
    yield from _edmx_enums(version)
    sets = "".join(
        f'<EntitySet Name="{name}" EntityType="SAPB1.{kind}"/>'
        for name, (kind, _) in ENTITY_SETS.items()
    )
    yield f'<EntityContainer Name="ServiceLayer">{sets}</EntityContainer>'


def _edmx_enums(version: int) -> Iterator[str]:
    for enum in enums().values():
        members = "".join(
            f'<Member Name="{name}"/>' if version == 1 else f'<Member Name="{name}" Value="{n}"/>'
            for n, name in enumerate(enum.members)
        )
        yield f'<EnumType Name="{enum.name}">{members}</EnumType>'


def _edm(prop: Property, version: int) -> str:
    if prop.type in _SIMPLE_EDM:
        return _SIMPLE_EDM[prop.type][version - 1]
    if prop.is_collection:
        return f"Collection(SAPB1.{prop.type.strip('[]')})"
    if prop.enum is None and prop.default is None:
        return "Edm.String"  # an enumeration whose members are not in the data file
    return f"SAPB1.{prop.type}"
