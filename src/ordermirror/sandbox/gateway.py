"""A gateway in front of the company: POST filters, numbered pages, whole orders.

A page is an OFFSET over the rows as they are at that moment, so rows that enter or leave the set
between two pages shift the others, as they do where such gateways are in use.
"""

from __future__ import annotations

import hmac
import re
from datetime import date
from random import Random
from typing import Any

import msgspec

from ordermirror.sandbox.company import DELETE, Company, Key, Row
from ordermirror.sandbox.faults import Fault, Faults
from ordermirror.sandbox.http import Answer, Request, json_answer
from ordermirror.sandbox.mischief import spoiled_answer, spoiled_body, spoiled_rows
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.render import Renderer, array, encode

PATH = "/IntegrationApi/api/SalesOrder"
RESOURCE = "SalesOrder"
"""Faults know it by this path."""
FILTERS = ("DocumentStatus", "DocDate", "DocNum")

_VERSION = 1
"""The gateway passes on what the Service Layer's first version says."""
_DATE = re.compile(rb'"(\d{4})-(\d\d)-(\d\d)"')


class Gateway:
    """Answers one path. `renderer` is that of the orders."""

    def __init__(
        self, company: Company, options: SandboxOptions, renderer: Renderer, faults: Faults
    ) -> None:
        self._company = company
        self._options = options
        self._renderer = renderer
        self._faults = faults

    def answer(self, request: Request) -> Answer:
        fault = self._faults.of_answer(RESOURCE)
        if fault is not None:
            spoiled = spoiled_answer(fault, request, _VERSION)
            if spoiled is not None:
                return spoiled
        answer = self._read(request)
        return spoiled_body(fault, answer) if fault is not None else answer

    def _read(self, request: Request) -> Answer:
        if request.method != "POST":
            return _refused(405, "The requested resource does not support this method.")
        if not self._is_let_in(request):
            return _refused(401, "Authorization has been denied for this request.")
        try:
            asked = msgspec.json.decode(request.body, type=dict[str, str | int])
            page = int(asked.pop("pageNumber", 1))
        except (msgspec.MsgspecError, ValueError):
            return _refused(400, "The request is invalid.")
        if page < 1 or not asked or not set(asked) <= set(FILTERS):
            return _refused(400, "The request is invalid.")
        with self._company.lock:
            return self._page(asked, page)

    def _is_let_in(self, request: Request) -> bool:
        token = self._options.gateway_token
        given = request.headers.get(self._options.gateway_header.lower(), "")
        return not token or hmac.compare_digest(given.encode(), token.encode())

    def _page(self, asked: dict[str, str | int], number: int) -> Answer:
        orders, size = self._company.orders, self._options.gateway_page_size
        selected = [row["DocEntry"] for row in orders if _satisfies(row, asked)]
        count = len(selected)
        if self._options.shuffle_unordered:
            Random(count).shuffle(selected)
        keys = selected[(number - 1) * size : number * size]
        fault = self._faults.of_page(RESOURCE, len(keys))
        if fault is not None:
            keys = spoiled_rows(fault, keys, lambda: self._foreign(asked))
        rows = [self._document(key) for key in keys]
        return Answer(
            status=200,
            body=self._body(rows, count, fault),
            headers=(("Content-Type", "application/json; charset=utf-8"),),
            whole_documents=len(rows),
        )

    def _body(self, rows: list[bytes], count: int, fault: Fault | None) -> bytes:
        kind = fault.kind if fault else ""
        if kind == "no_value":
            return b"{}"
        listed = b"{}" if kind == "value_not_list" else array(rows)
        if self._options.gateway_count == "bare":
            return listed
        count += kind == "wrong_count"
        head = {
            "text": encode({"odata.count": str(count)})[:-1] + b",",
            "number": encode({"odata.count": count})[:-1] + b",",
            "none": b"{",
        }[self._options.gateway_count]
        return head + b'"value":' + listed + b"}"

    def _document(self, key: Key) -> bytes:
        order = self._company.orders[key]
        body = self._renderer.row(key, (_VERSION, None))
        expanded = encode(
            {
                "BusinessPartner": self._partner(order.get("CardCode")),
                "SalesPerson": self._sales_person(order.get("SalesPersonCode")),
            }
        )
        whole = body[:-1] + b"," + expanded[1:]
        if self._options.gateway_dates == "slashes":
            whole = _DATE.sub(rb'"\1/\2/\3"', whole)
        return whole

    def _partner(self, code: Any) -> Row | None:
        row = self._company.tables["BusinessPartners"].get(code)
        names = ("CardCode", "CardName", "FederalTaxID", "Phone1")
        return {name: row.get(name) for name in names} if row else None

    def _sales_person(self, code: Any) -> Row | None:
        row = self._company.tables["SalesPersons"].get(code)
        return {"SalesEmployeeName": row["SalesEmployeeName"]} if row else None

    def _foreign(self, asked: dict[str, str | int]) -> Key | None:
        others = (row["DocEntry"] for row in self._company.orders if not _satisfies(row, asked))
        return next(others, None)


def _satisfies(row: Row, asked: dict[str, str | int]) -> bool:
    return all(
        _text(row.get(name)) == str(value).replace("/", "-") for name, value in asked.items()
    )


def _text(value: Any) -> str:
    if value is DELETE or value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _refused(status: int, message: str) -> Answer:
    return json_answer(status, {"Message": message}, _VERSION)
