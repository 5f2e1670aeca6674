"""b1-service-layer: version 2, sends one cookie, follows next links just as they are."""

from __future__ import annotations

import pytest

from tests.clients.installed import run

PROGRAM = "b1_service_layer.js"
OPEN = "Orders?$select=DocEntry&$filter=DocumentStatus eq 'bost_Open'&$orderby=DocEntry"


@pytest.mark.parametrize("tls", [False, True])
def test_it_follows_next_links_to_the_end(serve, tls):
    sandbox, address = serve(orders=200, tls=tls)

    told = run(PROGRAM, "find", address.root, OPEN)

    expected = [
        {"DocEntry": order["DocEntry"]}
        for order in sandbox.orders()
        if order["DocumentStatus"] == "bost_Open"
    ]
    pages = [each.query for each in sandbox.requests if each.path == "/b1s/v2/Orders"]
    assert told == expected
    assert [page.rpartition("$skip=")[2] for page in pages[1:]] == [
        str(skip) for skip in range(20, len(expected), 20)
    ]


def test_it_reads_an_order(serve):
    sandbox, address = serve()

    told = run(PROGRAM, "get", address.root, "Orders(5)")

    assert told["CardName"] == sandbox.order(5)["CardName"]


def test_it_cancels_an_order(serve):
    sandbox, address = serve()
    entry = next(
        order["DocEntry"]
        for order in reversed(sandbox.orders())
        if order["DocumentStatus"] == "bost_Open"
    )

    run(PROGRAM, "post", address.root, f"Orders({entry})/SAPB1.Cancel")

    assert sandbox.order(entry)["Cancelled"] == "tYES"
