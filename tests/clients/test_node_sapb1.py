"""node-sapb1: version 1, sends both cookies and the whole URL as the target of a request."""

from __future__ import annotations

import pytest

from tests.clients.installed import run

PROGRAM = "node_sapb1.js"


@pytest.mark.parametrize("tls", [False, True])
def test_it_reads_an_order_trusting_the_authority_it_is_given(serve, tls):
    sandbox, address = serve(tls=tls)

    told = run(PROGRAM, "read", address.root, 5, ca_file=address.ca_file)

    assert told["DocDate"] == sandbox.order(5)["DocDate"].isoformat()


def test_it_trusts_no_certificate_unasked(serve):
    _, address = serve(tls=True)

    with pytest.raises(AssertionError, match="UNABLE_TO_VERIFY_LEAF_SIGNATURE"):
        run(PROGRAM, "read", address.root, 5)


def test_it_is_told_the_count_with_the_first_rows(serve):
    sandbox, address = serve()

    told = run(PROGRAM, "count", address.root)

    entries = [
        order["DocEntry"] for order in sandbox.orders() if order["DocumentStatus"] == "bost_Open"
    ]
    assert told["odata.count"] == str(len(entries))
    assert told["value"] == [{"DocEntry": entry} for entry in entries[:3]]


def test_it_reads_lines_by_query_service(serve):
    sandbox, address = serve()

    told = run(PROGRAM, "lines", address.root, 5)

    assert [row["Orders/DocumentLines"] for row in told["value"]] == [
        {"LineNum": line["LineNum"], "ItemCode": line["ItemCode"]}
        for line in sandbox.order(5)["DocumentLines"]
    ]


def test_it_closes_an_order(serve):
    sandbox, address = serve()
    entry = next(
        order["DocEntry"] for order in sandbox.orders() if order["DocumentStatus"] == "bost_Open"
    )

    run(PROGRAM, "act", address.root, entry, "Close")

    assert sandbox.order(entry)["DocumentStatus"] == "bost_Close"
