"""The sandbox's gateway, as its clients see it."""

from __future__ import annotations

import json

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.gateway import PATH
from ordermirror.sandbox.http import Request
from tests.support import TODAY

OPEN = {"DocumentStatus": "bost_Open"}


def sandbox(**options):
    return Sandbox(SandboxOptions(**{"orders": 60, "seed": 3, "today": TODAY} | options))


def ask(gateway, body, *, method="POST", headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(method=method, path=PATH, headers=headers or {}, body=content)
    answer = gateway.respond(request)
    return answer.status, json.loads(answer.body)


def entries(page):
    return [order["DocEntry"] for order in page["value"]]


def of_status(made, status):
    return [it["DocEntry"] for it in made.orders() if it["DocumentStatus"] == status]


def test_numbered_pages_make_the_set():
    made = sandbox(gateway_page_size=7)
    wanted = of_status(made, "bost_Open")

    pages = [ask(made, OPEN | {"pageNumber": number})[1] for number in range(1, 6)]

    assert [entry for page in pages for entry in entries(page)] == wanted
    assert {page["odata.count"] for page in pages} == {str(len(wanted))}


def test_a_page_has_twenty_orders():
    assert len(entries(ask(sandbox(orders=200), OPEN)[1])) == 20


def test_an_order_carries_its_lines_its_customer_and_its_sales_person():
    _, page = ask(sandbox(), OPEN)

    order = page["value"][0]
    assert order["DocumentLines"][0]["LineNum"] == 0
    assert order["BusinessPartner"]["CardCode"] == order["CardCode"]
    assert order["SalesPerson"]["SalesEmployeeName"]


@pytest.mark.parametrize("name", ["DocDate", "DocNum"])
def test_orders_are_found_by(name):
    made = sandbox()
    wanted = made.orders()[10][name]

    _, page = ask(made, {name: wanted if name == "DocNum" else str(wanted)})

    assert entries(page) == [it["DocEntry"] for it in made.orders() if it[name] == wanted]


@pytest.mark.parametrize(("count", "shown"), [("text", str), ("number", int), ("none", type(None))])
def test_rows_are_counted(count, shown):
    _, page = ask(sandbox(gateway_count=count), OPEN)

    assert isinstance(page.get("odata.count"), shown)


def test_a_bare_list_is_nothing_but_orders():
    _, page = ask(sandbox(gateway_count="bare"), OPEN)

    assert isinstance(page, list)


def test_dates_may_be_written_with_slashes():
    made = sandbox(gateway_dates="slashes")
    first = of_status(made, "bost_Open")[0]

    _, page = ask(made, OPEN)

    assert page["value"][0]["DocDate"] == made.order(first)["DocDate"].strftime("%Y/%m/%d")


def test_rows_that_leave_the_set_shift_the_pages_that_follow():
    made = sandbox(gateway_page_size=5)
    wanted = of_status(made, "bost_Open")
    ask(made, OPEN)
    made.remove(wanted[0])

    _, page = ask(made, OPEN | {"pageNumber": 2})

    assert entries(page)[0] == wanted[6]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", {}, {"CardCode": "C1"}, OPEN | {"pageNumber": 0}]
)
def test_what_is_no_filter_is_refused(body):
    assert ask(sandbox(), body)[0] == 400


def test_only_posts_are_answered():
    assert ask(sandbox(), b"", method="GET")[0] == 405


def test_a_token_is_asked_for_in_its_header():
    made = sandbox(gateway_token="s3cret", gateway_header="X-Api-Key")

    assert ask(made, OPEN)[0] == 401
    assert ask(made, OPEN, headers={"x-api-key": "wrong"})[0] == 401
    assert ask(made, OPEN, headers={"x-api-key": "s3cret"})[0] == 200
