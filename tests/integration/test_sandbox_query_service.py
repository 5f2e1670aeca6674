"""QueryService: document lines filtered and trimmed by the sandbox, as SAP's guide shows it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ordermirror.sandbox import DELETE

JOIN = "Orders/DocEntry eq Orders/DocumentLines/DocEntry"
LINES = "$crossjoin(Orders,Orders/DocumentLines)"
KEYS = "$expand=Orders($select=DocEntry),Orders/DocumentLines($select=LineNum)"


def query(client, option, path=LINES, headers=None):
    body = {"QueryPath": path, "QueryOption": option}
    return client.post("QueryService_PostQuery", body, headers)


def keys(answer):
    return [
        (row["Orders"]["DocEntry"], row["Orders/DocumentLines"]["LineNum"])
        for row in answer.json["value"]
    ]


def keys_of(orders, suits=lambda line: True):
    return [
        (order["DocEntry"], line["LineNum"])
        for order in orders
        for line in order["DocumentLines"]
        if suits(line)
    ]


@pytest.mark.parametrize(("version", "context"), [(1, "odata.metadata"), (2, "@odata.context")])
def test_orders_and_lines_are_answered_as_flat_rows(serve, version, context):
    sandbox, client = serve(version)

    answer = query(
        client,
        "$expand=Orders($select=DocEntry, DocNum),Orders/DocumentLines($select=ItemCode,LineNum)"
        f"&$filter={JOIN} and Orders/DocEntry eq 5 and Orders/DocumentLines/LineNum eq 0",
    )

    order = sandbox.order(5)
    assert answer.json == {
        context: "$metadata#Collection(Edm.ComplexType)",
        "value": [
            {
                "Orders": {"DocEntry": 5, "DocNum": order["DocNum"]},
                "Orders/DocumentLines": {
                    "ItemCode": order["DocumentLines"][0]["ItemCode"],
                    "LineNum": 0,
                },
            }
        ],
    }


def test_the_answer_calls_itself_text(serve):
    _, client = serve()

    answer = query(client, f"{KEYS}&$filter={JOIN}")

    assert answer.headers["Content-Type"] == "text/plain;charset=utf-8"


def test_lines_are_filtered_by_their_own_properties(serve):
    sandbox, client = serve()

    answer = query(
        client,
        f"{KEYS}&$filter={JOIN} and Orders/DocumentStatus eq 'bost_Open'"
        " and (Orders/DocumentLines/LineStatus eq 'bost_Open'"
        " and Orders/DocumentLines/RemainingOpenQuantity gt 10)",
        headers={"B1S-PageSize": "0"},
    )

    orders = [order for order in sandbox.orders() if order["DocumentStatus"] == "bost_Open"]
    expected = keys_of(
        orders,
        lambda line: line["LineStatus"] == "bost_Open" and line["RemainingOpenQuantity"] > 10,
    )
    assert keys(answer) == expected != []


def test_a_line_knows_its_document(serve):
    _, client = serve()

    answer = query(
        client,
        "$expand=Orders/DocumentLines($select=DocEntry)"
        f"&$filter={JOIN} and Orders/DocumentLines/DocEntry eq 7 and Orders/DocEntry le 7&$top=1",
    )

    assert answer.json["value"] == [{"Orders/DocumentLines": {"DocEntry": 7}}]


def test_numbers_are_exact_in_joined_rows(serve):
    sandbox, client = serve()
    lines = sandbox.order(5)["DocumentLines"]
    lines[0]["LineTotal"] = Decimal("9007199254.740993")
    sandbox.put_raw(5, DocumentLines=lines)

    answer = query(
        client,
        "$expand=Orders/DocumentLines($select=LineTotal)"
        f"&$filter={JOIN} and Orders/DocEntry eq 5 and Orders/DocumentLines/LineNum eq 0",
    )

    assert b'"LineTotal":9007199254.740993' in answer.body


@pytest.mark.parametrize(("version", "date"), [(1, "2025-05-05"), (2, "2025-05-05T00:00:00Z")])
def test_dates_are_written_as_the_version_does(serve, version, date):
    _, client = serve(version)

    answer = query(
        client,
        "$expand=Orders($select=DocDate),Orders/DocumentLines($select=LineNum)"
        f"&$filter={JOIN} and Orders/DocEntry eq 1&$top=1",
    )

    assert answer.json["value"][0]["Orders"]["DocDate"] == date


def test_a_value_left_out_of_the_document_is_left_out_of_the_row(serve):
    sandbox, client = serve()
    sandbox.put_raw(5, Comments=DELETE)

    answer = query(
        client,
        "$expand=Orders($select=DocEntry,Comments),Orders/DocumentLines($select=LineNum)"
        f"&$filter={JOIN} and Orders/DocEntry eq 5&$top=1",
    )

    assert answer.json["value"][0]["Orders"] == {"DocEntry": 5}


def test_without_select_every_simple_property_is_shown(serve):
    _, client = serve()

    answer = query(
        client, f"$expand=Orders,Orders/DocumentLines&$filter={JOIN} and Orders/DocEntry eq 5"
    )

    row = answer.json["value"][0]
    assert {"DocTotal", "Comments", "Printed"} <= row["Orders"].keys()
    assert {"LineTotal", "FreeText", "Volume"} <= row["Orders/DocumentLines"].keys()
    assert "DocumentLines" not in row["Orders"]


def test_other_documents_have_lines_too(serve):
    sandbox, client = serve()
    sandbox.business(60)

    answer = query(
        client,
        "$expand=DeliveryNotes/DocumentLines($select=BaseEntry,BaseLine)"
        "&$filter=DeliveryNotes/DocEntry eq DeliveryNotes/DocumentLines/DocEntry"
        " and DeliveryNotes/DocumentLines/BaseType eq 17",
        "$crossjoin(DeliveryNotes,DeliveryNotes/DocumentLines)",
        headers={"B1S-PageSize": "0"},
    )

    lines = [line for note in sandbox.rows("DeliveryNotes") for line in note["DocumentLines"]]
    expected = [
        {"DeliveryNotes/DocumentLines": {name: line[name] for name in ("BaseEntry", "BaseLine")}}
        for line in lines
        if line["BaseType"] == 17
    ]
    assert answer.json["value"] == expected != []


def test_master_data_joins_by_any_property(serve):
    sandbox, client = serve()

    answer = query(
        client,
        "$expand=Items($select=Manufacturer),Orders/DocumentLines($select=ItemCode)"
        f"&$filter={JOIN} and Items/ItemCode eq Orders/DocumentLines/ItemCode"
        " and Orders/DocEntry eq 5",
        "$crossjoin(Orders,Orders/DocumentLines,Items)",
    )

    makers = {item["ItemCode"]: item["Manufacturer"] for item in sandbox.rows("Items")}
    assert answer.json["value"] == [
        {
            "Items": {"Manufacturer": makers[line["ItemCode"]]},
            "Orders/DocumentLines": {"ItemCode": line["ItemCode"]},
        }
        for line in sandbox.order(5)["DocumentLines"]
    ]


def test_a_join_on_no_key_looks_at_every_row(serve):
    sandbox, client = serve()

    answer = query(
        client,
        "$expand=Orders($select=DocEntry),SalesPersons($select=SalesEmployeeCode)"
        "&$filter=Orders/DocEntry eq 5"
        " and SalesPersons/SalesEmployeeCode ne Orders/SalesPersonCode",
        "$crossjoin(Orders,SalesPersons)",
        headers={"B1S-PageSize": "0"},
    )

    assert len(answer.json["value"]) == len(sandbox.rows("SalesPersons")) - 1


def test_rows_are_ordered_when_asked(serve):
    sandbox, client = serve(shuffle_unordered=True)

    answer = query(
        client,
        f"{KEYS}&$filter={JOIN}&$orderby=Orders/DocEntry desc,Orders/DocumentLines/LineNum",
        headers={"B1S-PageSize": "0"},
    )

    assert keys(answer) == keys_of(reversed(sandbox.orders()))


def test_rows_are_in_no_promised_order(serve):
    sandbox, client = serve(shuffle_unordered=True)

    answer = query(client, f"{KEYS}&$filter={JOIN}", headers={"B1S-PageSize": "0"})

    assert keys(answer) != keys_of(sandbox.orders())
    assert sorted(keys(answer)) == keys_of(sandbox.orders())


# Paging, on which clients disagree


@pytest.mark.parametrize("paging", ["next_link", "top_skip"])
def test_an_answer_is_one_page_at_most(serve, paging):
    _, client = serve(query_service_paging=paging)

    answer = query(client, f"{KEYS}&$filter={JOIN}&$top=50")

    assert len(answer.json["value"]) == 20


@pytest.mark.parametrize("header", [{"B1S-PageSize": "7"}, {"Prefer": "odata.maxpagesize=7"}])
def test_the_page_size_can_be_asked_for(serve, header):
    _, client = serve()

    answer = query(client, f"{KEYS}&$filter={JOIN}", headers=header)

    assert len(answer.json["value"]) == 7


def test_the_next_link_is_the_next_query(serve):
    sandbox, client = serve(2)
    option, found = f"{KEYS}&$filter={JOIN} and Orders/DocEntry le 30", []

    while option:
        answer = query(client, option)
        found += keys(answer)
        option = answer.json.get("@odata.nextLink", "").removeprefix("QueryService_PostQuery?")

    assert found == keys_of(order for order in sandbox.orders() if order["DocEntry"] <= 30)


def test_the_last_page_has_no_next_link(serve):
    sandbox, client = serve()
    every = len(keys_of(sandbox.orders()))

    whole = query(client, f"{KEYS}&$filter={JOIN}", headers={"B1S-PageSize": str(every)})
    capped = query(client, f"{KEYS}&$filter={JOIN}&$top=20")

    assert "odata.nextLink" not in whole.json
    assert "odata.nextLink" not in capped.json


def test_pages_can_be_asked_for_by_top_and_skip_alone(serve):
    sandbox, client = serve(query_service_paging="top_skip")
    option, found = f"{KEYS}&$filter={JOIN} and Orders/DocEntry le 30&$top=20", []

    while page := keys(query(client, f"{option}&$skip={len(found)}")):
        found += page

    assert found == keys_of(order for order in sandbox.orders() if order["DocEntry"] <= 30)


def test_a_page_may_end_without_saying_so(serve):
    _, client = serve(query_service_paging="top_skip")

    assert "odata.nextLink" not in query(client, f"{KEYS}&$filter={JOIN}").json


def test_top_zero_answers_no_row(serve):
    _, client = serve()

    assert query(client, f"{KEYS}&$filter={JOIN}&$top=0").json["value"] == []


# Refusals


@pytest.mark.parametrize(
    ("path", "option"),
    [
        (LINES, f"$filter={JOIN}"),
        (LINES, KEYS),
        ("$crossjoin(Orders)", f"{KEYS}&$filter={JOIN}"),
        ("Orders", f"{KEYS}&$filter={JOIN}"),
        ("$crossjoin(Orders,Nothing)", f"{KEYS}&$filter={JOIN}"),
        ("$crossjoin(Orders,Orders/CardName)", f"{KEYS}&$filter={JOIN}"),
        (LINES, f"{KEYS}&$filter={JOIN} and Orders/Nothing eq 1"),
        (LINES, f"{KEYS}&$filter={JOIN} and DocEntry eq 1"),
        (LINES, f"{KEYS}&$filter={JOIN} and Orders/DocEntry in (1)"),
        (LINES, f"$expand=Orders($select=Nothing)&$filter={JOIN}"),
        (LINES, f"$expand=Items($select=ItemCode)&$filter={JOIN}"),
        (LINES, f"{KEYS}&$filter={JOIN}&$orderby=Nothing"),
        (LINES, f"{KEYS}&$filter={JOIN}&$apply=x"),
        (LINES, f"{KEYS}&$filter={JOIN}&$top=-1"),
    ],
)
def test_a_bad_query_is_refused(serve, path, option):
    _, client = serve()

    answer = query(client, option, path)

    assert (answer.status, answer.json["error"]["code"]) == (400, -1000)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", json.dumps({"QueryPath": LINES}).encode()])
def test_a_body_without_a_query_is_refused(serve, body):
    _, client = serve()

    answer = client.call("POST", "/b1s/v1/QueryService_PostQuery", body)

    assert (answer.status, answer.json["error"]["code"]) == (400, -1000)


def test_a_query_is_posted_not_got(serve):
    _, client = serve()

    assert client.get("QueryService_PostQuery").status == 405


def test_a_site_may_be_without_it(serve):
    _, client = serve(query_service=False)

    assert query(client, f"{KEYS}&$filter={JOIN}").status == 404


def test_an_entity_set_alone_compares_no_two_properties(serve):
    _, client = serve()

    assert client.get("Orders", filter="DocEntry eq DocNum").status == 400
