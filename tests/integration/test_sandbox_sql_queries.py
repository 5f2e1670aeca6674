"""Queries stored at the sandbox and run on its tables, under SAP's names for them."""

from __future__ import annotations

from decimal import Decimal

import pytest

OPEN_LINES = (
    "select T0.DocEntry, T1.LineNum, T1.OpenQty, T1.LineTotal from ORDR T0"
    " inner join RDR1 T1 on T0.DocEntry = T1.DocEntry"
    " where T1.LineStatus = 'O' order by T0.DocEntry, T1.LineNum"
)


def store(client, text, code="lines"):
    return client.post("SQLQueries", {"SqlCode": code, "SqlName": code, "SqlText": text})


def run(client, query="", code="lines", headers=None):
    return client.get(f"SQLQueries('{code}')/List{query}", headers)


def rows(client, text):
    """The first page of what a text selects."""
    code = f"q{abs(hash(text))}"
    assert store(client, text, code).status == 201
    return run(client, code=code).json["value"]


def every_row(client):
    found, query = [], ""
    while True:
        answer = run(client, query).json
        found += answer["value"]
        if "odata.nextLink" not in answer:
            return found
        query = answer["odata.nextLink"].removeprefix("SQLQueries('lines')/List")


def open_lines(sandbox):
    return [
        {
            "DocEntry": order["DocEntry"],
            "LineNum": line["LineNum"],
            "OpenQty": line["RemainingOpenQuantity"],
            "LineTotal": line["LineTotal"],
        }
        for order in sandbox.orders()
        for line in order["DocumentLines"]
        if line["LineStatus"] == "bost_Open"
    ]


@pytest.mark.parametrize(("version", "context"), [(1, "odata.metadata"), (2, "@odata.context")])
def test_a_query_is_stored_with_its_names_set_right(serve, version, context):
    _, client = serve(version)

    answer = store(client, 'select docentry, "DOCTOTAL" as Total from ordr where doctotal > :least')

    shown = answer.json
    assert answer.status == 201
    assert "SQLQueries/" in shown.pop(context)
    assert shown == {
        "SqlCode": "lines",
        "SqlName": "lines",
        "SqlText": "select [DocEntry], [DocTotal] as Total from [ORDR] where [DocTotal] > :least",
        "ParamList": "least",
        "CreateDate": "2026-11-02",
        "UpdateDate": "2026-11-02",
    }
    assert client.get("SQLQueries('lines')").json["SqlText"] == shown["SqlText"]


@pytest.mark.parametrize("shuffled", [False, True])
def test_it_answers_all_open_lines_page_by_page(serve, shuffled):
    sandbox, client = serve(shuffle_unordered=shuffled)
    store(client, OPEN_LINES)

    assert every_row(client) == open_lines(sandbox) != []


def test_it_sees_what_changed_since(serve):
    sandbox, client = serve()
    store(client, OPEN_LINES)
    before = every_row(client)

    sandbox.business(40)

    assert before != every_row(client) == open_lines(sandbox)


def test_rows_are_in_no_promised_order(serve):
    sandbox, client = serve(shuffle_unordered=True)
    entries = [order["DocEntry"] for order in sandbox.orders()]

    found = [row["DocEntry"] for row in rows(client, "select DocEntry from ORDR")]

    assert found != entries[:20]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, 20), ({"Prefer": "odata.maxpagesize=7"}, 7), ({"B1S-PageSize": "0"}, 20)],
)
def test_pages_are_forced(serve, headers, expected):
    _, client = serve()
    store(client, OPEN_LINES)

    assert len(run(client, headers=headers).json["value"]) == expected


def test_values_are_those_of_the_database(serve):
    sandbox, client = serve()
    sandbox.put_raw(5, Comments=None)

    found = rows(
        client,
        "select DocDate, UpdateTS, DocTime, DocStatus, CANCELED, DocTotal, Comments from ORDR"
        " where DocEntry = 5",
    )

    order = sandbox.order(5)
    assert found == [
        {
            "DocDate": order["DocDate"].strftime("%Y%m%d"),
            "UpdateTS": int(order["UpdateTime"].replace(":", "")),
            "DocTime": int(order["DocTime"].replace(":", "")[:4]),
            "DocStatus": "C",
            "CANCELED": "N",
            "DocTotal": order["DocTotal"],
            "Comments": None,
        }
    ]


def test_numbers_are_true_to_fifteen_digits(serve):
    sandbox, client = serve()
    sandbox.put_raw(5, DocTotal=Decimal("123456789.654321"))

    assert rows(client, "select DocTotal from ORDR where DocEntry = 5") == [
        {"DocTotal": Decimal("123456789.654321")}
    ]


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("GET", "?card=%27C00001%27&least=1.5"),
        ("GET", "?ParamList=card%3D%27C00001%27%26least%3D1.5"),
        ("POST", "card='C00001'&least=1.5"),
    ],
)
def test_parameters_come_in_the_url_or_the_body(serve, method, given):
    sandbox, client = serve(orders=600)
    store(client, "select DocEntry from ORDR where CardCode = :card and DocTotal > :least")

    if method == "GET":
        answer = run(client, given)
    else:
        answer = client.post("SQLQueries('lines')/List", {"ParamList": given})

    expected = [
        {"DocEntry": order["DocEntry"]}
        for order in sandbox.orders()
        if order["CardCode"] == "C00001" and order["DocTotal"] > Decimal("1.5")
    ]
    assert answer.json["value"] == expected[:20] != []


def test_the_next_link_keeps_the_parameters(serve):
    _, client = serve()
    store(client, "select DocEntry from ORDR where DocEntry > :least order by DocEntry")

    link = run(client, "?least=5").json["odata.nextLink"]

    assert link == "SQLQueries('lines')/List?least=5&$skip=20"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select top 2 DocEntry from ORDR order by DocEntry desc", 2),
        ("select count(*) as N from ORDR", 1),
        ("select count(distinct DocStatus) as N, max(DocTotal) as Most from ORDR", 1),
        ("select DocStatus, sum(DocTotal) as S from ORDR group by DocStatus"
         " having count(*) > 0", 2),
        ("select DocEntry from ORDR where DocEntry < 3 union all select 1 as D from OITM", 20),
        ("select left(ItemCode, 3) as A, right(ItemCode, 5) as B from OITM", 20),
        ("select isnull(Comments, '-') as C, lower(CardName) as D from ORDR", 20),
        ("select CardName from OCRD where CardCode in (select CardCode from ORDR)", 20),
        ("select CardName from OCRD t where exists(select 1 as x from ORDR u"
         " where u.CardCode = t.CardCode) and CardName like '%a%'", 20),
        ("select T0.DocEntry as A, T1.DocEntry as B from ORDR T0 left outer join DLN1 T1"
         " on T0.DocEntry = T1.BaseEntry", 20),
        ("select [DocEntry] from [ORDR] where not (DocEntry between 1 and 5)", 20),
    ],
)  # fmt: skip
def test_the_documented_grammar_is_understood(serve, text, expected):
    _, client = serve()

    assert len(rows(client, text)) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from ORDR", 701),
        ("select t.* from ORDR t", 701),
        ("delete from ORDR", 701),
        ("update ORDR set DocNum = 1", 701),
        ("select DocEntry from ORDR; delete from ORDR", 701),
        ("select case when DocEntry = 1 then 1 else 2 end as X from ORDR", 701),
        ("select coalesce(Comments, '') as X from ORDR", 701),
        ("select abs(DocTotal) as X from ORDR", 701),
        ("select DocTotal + 1 as X from ORDR", 701),
        ("select count(*) from ORDR", 701),
        ("select DocEntry as A, DocNum as A from ORDR", 701),
        ("select DocEntry from ORDR order by DocEntry dsc", 701),
        ("", 701),
        ("select SlpName from OSLP", 702),
        ("select FirmName from OMRC", 702),
        ("select LogInstanc from ADOC", 702),
        ("select DocEntry from ORDR where exists(select 1 as x from CRD2)", 702),
        ("select Algo from ORDR", 703),
        ("select T0.Algo from ORDR T0", 703),
    ],
)
def test_what_sap_refuses_is_refused_when_stored(serve, text, code):
    _, client = serve()

    answer = store(client, text)

    assert (answer.status, answer.json["error"]["code"]) == (400, code)
    assert run(client).status == 404


@pytest.mark.parametrize(
    "given", ["", "?least=1&more=2", "?Least=1", "?least=abc", "?least=", "?least=1;2"]
)
def test_wrong_parameters_are_refused(serve, given):
    _, client = serve()
    store(client, "select DocEntry from ORDR where DocEntry > :least")

    answer = run(client, given)

    assert (answer.status, answer.json["error"]["code"]) == (400, 704)


@pytest.mark.parametrize("given", ["least", "least='1", "least=1&&"])
def test_a_garbled_parameter_list_is_refused(serve, given):
    _, client = serve()
    store(client, "select DocEntry from ORDR where DocEntry > :least")

    answer = client.post("SQLQueries('lines')/List", {"ParamList": given})

    assert (answer.status, answer.json["error"]["code"]) == (400, 704)


def test_without_the_permission_nothing_is_answered(serve):
    _, client = serve(sql_permission=False)

    for answer in (store(client, OPEN_LINES), run(client)):
        assert (answer.status, answer.json["error"]["code"]) == (403, -6006)


def test_a_code_is_given_once(serve):
    _, client = serve()
    store(client, OPEN_LINES)

    answer = store(client, OPEN_LINES)

    assert (answer.status, answer.json["error"]["code"]) == (400, -2035)


def test_a_query_can_be_deleted(serve):
    _, client = serve()
    store(client, OPEN_LINES)

    assert client.call("DELETE", "/b1s/v1/SQLQueries('lines')").status == 204
    assert run(client).status == 404


@pytest.mark.parametrize(
    ("method", "resource", "status"),
    [
        ("GET", "SQLQueries", 405),
        ("PATCH", "SQLQueries('lines')", 405),
        ("GET", "SQLQueries('lines')/Run", 404),
        ("POST", "SQLQueries", 400),
    ],
)
def test_anything_else_is_refused(serve, method, resource, status):
    _, client = serve()

    assert client.call(method, f"/b1s/v1/{resource}", b"{}").status == status
