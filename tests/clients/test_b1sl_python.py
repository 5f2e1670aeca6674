"""b1sl-python, the most thorough of the clients: version 2, typed, with sessions of its own."""

from __future__ import annotations

import pytest

from ordermirror.sandbox import Fault
from tests.bare_client import Client
from tests.clients.installed import run

PROGRAM = "b1sl_python.py"


def requests(sandbox, path):
    return [each for each in sandbox.requests if each.path == f"/b1s/v2/{path}"]


def open_orders(sandbox):
    return [
        order["DocEntry"] for order in sandbox.orders() if order["DocumentStatus"] == "bost_Open"
    ]


def lines_of(sandbox, entry):
    return [[line["LineNum"], line["ItemCode"]] for line in sandbox.order(entry)["DocumentLines"]]


@pytest.mark.parametrize("tls", [False, True])
def test_it_reads_an_order_into_its_own_types(serve, tls):
    sandbox, address = serve(tls=tls)

    told = run(PROGRAM, "read", address.url(2), 5, ca_file=address.ca_file)

    order = sandbox.order(5)
    assert told[:3] == ["Document", 5, order["CardCode"]]
    assert told[3].startswith(order["DocDate"].isoformat())
    assert told[4] == lines_of(sandbox, 5)


def test_it_logs_in_once_and_out_again(serve):
    sandbox, address = serve()

    run(PROGRAM, "read", address.url(2), 5)

    assert (sandbox.logins, sandbox.open_sessions) == (1, 0)


@pytest.mark.parametrize("options", [{}, {"data_version": True}, {"v2_dates": "date"}])
def test_it_streams_pages_of_the_size_it_asks_for(serve, options):
    sandbox, address = serve(orders=200, **options)

    told = run(PROGRAM, "stream", address.url(2), 7)

    pages = requests(sandbox, "Orders")
    assert told == open_orders(sandbox)
    assert len(pages) == -(-len(told) // 7)
    assert {page.headers["b1s-pagesize"] for page in pages} == {"7"}


def test_it_counts(serve):
    sandbox, address = serve()

    assert run(PROGRAM, "count", address.url(2)) == len(sandbox.orders())


def test_it_knows_what_is_missing(serve):
    _, address = serve()

    assert run(PROGRAM, "missing", address.url(2), 999999) == "B1NotFoundError"


def test_it_logs_in_again_when_its_session_is_gone(serve):
    sandbox, address = serve()
    sandbox.faults.add(Fault(kind="expired", path="Orders", after=1))

    told = run(PROGRAM, "twice", address.url(2), 5)

    assert told == [5, 5]
    assert sandbox.logins == 2


def test_its_batch_is_answered_part_by_part(serve):
    _, address = serve()

    told = run(PROGRAM, "batch", address.url(2), 1, 3, 2)

    assert told == [["applied", 200, 1], ["applied", 200, 3], ["applied", 200, 2]]


def test_it_sees_where_a_batch_ended(serve):
    _, address = serve()

    told = run(PROGRAM, "batch", address.url(2), 1, 999999, 2)

    assert told == [["applied", 200, 1], ["failed", 404, None], ["not_executed", None, None]]


def test_its_change_set_is_carried_out(serve):
    sandbox, address = serve()
    some = open_orders(sandbox)[:2]

    told = run(PROGRAM, "change_set", address.url(2), *some)

    assert told == [["applied", 204], ["applied", 204]]
    assert not set(some) & set(open_orders(sandbox))


def test_it_sees_a_change_set_rolled_back(serve):
    sandbox, address = serve()
    before = open_orders(sandbox)

    told = run(PROGRAM, "change_set", address.url(2), before[0], before[0])

    assert told == [["rolled_back", 400], ["rolled_back", 400]]
    assert open_orders(sandbox) == before


def test_it_runs_a_stored_query_page_by_page(serve):
    sandbox, address = serve()
    client = Client(address, 2)
    client.login()
    text = "select DocEntry, DocTotal from ORDR where DocEntry >= :least order by DocEntry"
    client.post("SQLQueries", {"SqlCode": "totals", "SqlName": "totals", "SqlText": text})
    client.http.close()

    refusal, rows = run(PROGRAM, "sql", address.url(2), "totals", 7, 20)

    pages = requests(sandbox, "SQLQueries('totals')/List")
    assert refusal == "B1SqlParamError"
    assert rows == [
        {"DocEntry": order["DocEntry"], "DocTotal": float(order["DocTotal"])}
        for order in sandbox.orders()
        if order["DocEntry"] >= 20
    ]
    assert {page.headers["prefer"] for page in pages[1:]} == {"odata.maxpagesize=7"}


def test_it_reads_lines_by_query_service(serve):
    sandbox, address = serve()

    told = run(PROGRAM, "lines", address.url(2), 5)

    assert [[row["LineNum"], row["ItemCode"]] for row in told] == lines_of(sandbox, 5)
