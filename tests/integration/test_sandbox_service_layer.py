"""The sandbox over real HTTP, as a client on the network sees it."""

from __future__ import annotations

import gzip
import http.client
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from ordermirror.sandbox import DELETE, Fault, Sandbox

OPEN = "DocumentStatus eq 'bost_Open'"


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


# Sessions


@pytest.mark.parametrize(
    ("version", "key", "element"),
    [(1, "odata.metadata", "@Element"), (2, "@odata.context", "$entity")],
)
def test_login_answers_a_session(serve, version, key, element):
    _, client = serve(version)

    answer = client.login().json

    assert answer.pop("SessionId")
    assert answer.pop(key).endswith(f"/b1s/v{version}/$metadata#B1Sessions/{element}")
    assert answer == {"Version": "1000280", "SessionTimeout": 30}


def test_login_sets_both_cookies_as_sap_writes_them(serve):
    _, client = serve()

    answer = client.login()

    identity = answer.json["SessionId"]
    assert answer.headers.get_all("Set-Cookie") == [
        f"B1SESSION={identity};HttpOnly;",
        "ROUTEID=.node1; path=/b1s",
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"Password": "x"}, -304), ({"UserName": "x"}, -304), ({"CompanyDB": "x"}, -5027)],
)
def test_a_wrong_login_is_refused(serve, changes, code):
    _, client = serve()

    answer = client.login(**changes)

    assert (answer.status, answer.json["error"]["code"]) == (401, code)


def test_login_body_that_is_no_json_is_refused(serve):
    _, client = serve()

    answer = client.call("POST", "/b1s/v1/Login", b"CompanyDB=SBODEMO")

    assert answer.status == 400


@pytest.mark.parametrize("resource", ["Orders", "Orders(1)", "$metadata", "Orders/$count", "X"])
@pytest.mark.parametrize("cookie", [None, "B1SESSION=unknown", "ROUTEID=.node1"])
def test_nothing_is_answered_without_a_session(serve, resource, cookie):
    _, client = serve()
    client.session = {"Cookie": cookie} if cookie else {}

    answer = client.get(resource)

    assert answer.status == 401
    assert answer.json["error"]["code"] == 301


def test_an_odd_routeid_does_no_harm(serve):
    _, client = serve()
    client.session["Cookie"] += "; ROUTEID=None"

    assert client.get("Orders").status == 200


def test_a_session_expires_when_idle(serve):
    clock = Clock()
    sandbox, client = serve(clock=clock)

    clock.now += 30 * 60 + 1

    assert client.get("Orders").status == 401
    assert sandbox.open_sessions == 0


def test_use_renews_a_session(serve):
    clock = Clock()
    _, client = serve(clock=clock)

    for _ in range(3):
        clock.now += 29 * 60
        assert client.get("Orders").status == 200


def test_logout_ends_the_session(serve):
    _, client = serve()

    answer = client.call("POST", "/b1s/v1/Logout")

    assert (answer.status, answer.body) == (204, b"")
    assert client.get("Orders").status == 401


def test_sessions_can_be_expired_on_purpose(serve):
    sandbox, client = serve()

    sandbox.expire_sessions()

    assert client.get("Orders").status == 401


def test_logins_are_counted(serve):
    sandbox, client = serve()

    client.login()

    assert (sandbox.logins, sandbox.open_sessions) == (2, 2)


def test_sessions_may_be_limited(serve):
    sandbox, client = serve(max_sessions=1)

    assert client.login().status == 500
    assert (sandbox.logins, sandbox.open_sessions) == (1, 1)
    assert client.get("Orders").status == 200


def test_a_session_that_ends_makes_room_for_another(serve):
    clock = Clock()
    _, client = serve(clock=clock, max_sessions=1)

    client.call("POST", "/b1s/v1/Logout")
    after_logout = client.login()
    clock.now += 30 * 60 + 1
    after_expiry = client.login()

    assert (after_logout.status, after_expiry.status) == (200, 200)


# What v1 and v2 say differently


def test_v1_speaks_odata_3(serve):
    _, client = serve(1)

    answer = client.get("Orders", inlinecount="allpages", top=1)

    assert answer.headers["Content-Type"] == (
        "application/json;odata=minimalmetadata;charset=utf-8"
    )
    assert answer.headers["DataServiceVersion"] == "3.0"
    assert answer.json["odata.metadata"].endswith("/b1s/v1/$metadata#Orders")
    assert answer.json["odata.count"] == "60"
    assert answer.json["value"][0]["DocDate"] == "2025-05-05"


def test_v2_speaks_odata_4(serve):
    _, client = serve(2)

    answer = client.get("Orders", count="true", top=1)

    assert answer.headers["Content-Type"] == (
        "application/json;odata.metadata=minimal;charset=utf-8"
    )
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.json["@odata.context"].endswith("/b1s/v2/$metadata#Orders")
    assert answer.json["@odata.count"] == 60
    assert answer.json["value"][0]["DocDate"] == "2025-05-05T00:00:00Z"


def test_older_v2_writes_plain_dates(serve):
    _, client = serve(2, v2_dates="date")

    assert client.get("Orders", top=1).json["value"][0]["DocDate"] == "2025-05-05"


def test_v1_errors_have_a_number_and_a_message_object(serve):
    _, client = serve(1)

    error = client.get("Orders(999999)").json["error"]

    assert error == {
        "code": -2028,
        "message": {"lang": "en-us", "value": "No matching records found (ODBC -2028)"},
    }


def test_v2_errors_have_a_text_for_both(serve):
    _, client = serve(2)

    error = client.get("Orders(999999)").json["error"]

    assert (error["code"], error["message"]) == (
        "-2028",
        "No matching records found (ODBC -2028)",
    )


@pytest.mark.parametrize("version", [1, 2])
def test_metadata_is_xml(serve, version):
    _, client = serve(version)

    answer = client.get("$metadata")

    assert answer.headers["Content-Type"].startswith("application/xml")
    assert b'<Property Name="DocEntry" Type="Edm.Int32" Nullable="false"/>' in answer.body


# Rows, pages and counts


@pytest.mark.parametrize(
    "resource",
    ["Orders", "Items", "Manufacturers", "SalesPersons", "BusinessPartners", "DeliveryNotes",
     "Invoices", "Returns", "CreditNotes"],
)  # fmt: skip
def test_every_entity_set_is_served(serve, resource):
    sandbox, client = serve()

    answer = client.get(f"{resource}/$count")

    assert answer.body == str(len(sandbox.rows(resource))).encode()


@pytest.mark.parametrize(
    "resource", ["Orders(5)", "Items('PIP-00001')", "Manufacturers(-1)", "SalesPersons(-1)",
                 "BusinessPartners('C00001')", "Orders(DocEntry=5)"],
)  # fmt: skip
def test_a_row_is_read_by_key(serve, resource):
    _, client = serve()

    assert client.get(resource).status == 200


def test_numbers_are_exact(serve):
    sandbox, client = serve()
    sandbox.put_raw(5, DocTotal=Decimal("9007199254.740993"), VatSum=Decimal(1050))

    body = client.get("Orders(5)").body

    assert b'"DocTotal":9007199254.740993' in body
    assert b'"VatSum":1050.0' in body


def test_a_change_shows_in_the_next_answer(serve):
    sandbox, client = serve()
    client.get("Orders(5)")

    sandbox.edit(5, Comments="changed")

    assert client.get("Orders(5)").json["Comments"] == "changed"


def test_master_data_can_change_too(serve):
    sandbox, client = serve()
    client.get("Items('PIP-00001')")

    sandbox.edit_row("Items", "PIP-00001", ItemName="Renamed")

    item = client.get("Items('PIP-00001')").json
    assert (item["ItemName"], item["UpdateDate"]) == ("Renamed", "2026-11-02")


def test_odd_values_are_served_as_put(serve):
    sandbox, client = serve()
    sandbox.put_raw(5, DocTotal="abc", DocumentStatus="bost_Weird", Comments=DELETE)

    order = client.get("Orders(5)").json

    assert (order["DocTotal"], order["DocumentStatus"]) == ("abc", "bost_Weird")
    assert "Comments" not in order


def test_a_page_has_twenty_rows_and_a_relative_link_to_the_next(serve):
    _, client = serve()

    page = client.get("Orders").json

    assert len(page["value"]) == 20
    assert page["odata.nextLink"] == "Orders?$skip=20"


def test_next_link_keeps_every_option(serve):
    _, client = serve()

    page = client.get("Orders", filter="DocEntry gt 2", select="DocEntry", orderby="DocEntry")

    assert page.json["odata.nextLink"] == (
        "Orders?$filter=DocEntry%20gt%202&$select=DocEntry&$orderby=DocEntry&$skip=20"
    )


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("options", [{}, {"shuffle_unordered": True}])
def test_following_next_links_gives_every_row_once(serve, version, options):
    sandbox, client = serve(version, **options)
    link, entries = "Orders", []

    for _ in range(3):
        page = client.get(link).json
        entries += [row["DocEntry"] for row in page["value"]]
        link = page.get("odata.nextLink") or page.get("@odata.nextLink")

    assert link is None
    assert sorted(entries) == [order["DocEntry"] for order in sandbox.orders()]


def test_rows_without_an_order_may_come_in_any(serve):
    _, client = serve(shuffle_unordered=True)

    entries = [row["DocEntry"] for row in client.get("Orders").json["value"]]

    assert entries != sorted(entries)


def test_no_link_when_the_client_drives_paging_with_top(serve):
    _, client = serve()

    assert "odata.nextLink" not in client.get("Orders", top=20).json


def test_top_beyond_the_page_size_is_paged(serve):
    _, client = serve()

    page = client.get("Orders", top=50).json

    assert (len(page["value"]), page["odata.nextLink"]) == (20, "Orders?$top=30&$skip=20")


def test_skip_acts_before_top(serve):
    sandbox, client = serve()

    page = client.get("Orders", skip=5, top=2, orderby="DocEntry").json

    expected = [order["DocEntry"] for order in sandbox.orders()][5:7]
    assert [row["DocEntry"] for row in page["value"]] == expected


def test_prefer_sets_the_page_size_and_is_acknowledged(serve):
    _, client = serve()

    answer = client.get("Orders", {"Prefer": "odata.maxpagesize=7"})

    assert len(answer.json["value"]) == 7
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=7"


def test_saps_own_header_sets_the_page_size(serve):
    _, client = serve()

    answer = client.get("Orders", {"B1S-PageSize": "7"})

    assert len(answer.json["value"]) == 7


@pytest.mark.parametrize("header", [{"Prefer": "odata.maxpagesize=0"}, {"B1S-PageSize": "0"}])
def test_page_size_zero_is_no_paging(serve, header):
    _, client = serve()

    page = client.get("Orders", header).json

    assert len(page["value"]) == 60
    assert "odata.nextLink" not in page


def test_count_is_of_the_filter_and_not_of_the_page(serve):
    sandbox, client = serve()

    page = client.get("Orders", filter=OPEN, top=1, skip=1, inlinecount="allpages").json

    is_open = [order["DocumentStatus"] == "bost_Open" for order in sandbox.orders()]
    assert page["odata.count"] == str(sum(is_open))


def test_bare_count_honours_the_filter(serve):
    _, client = serve()

    assert client.get("Orders/$count", filter="DocEntry le 5").body == b"5"


def test_keyset_pages_give_every_selected_row_once(serve):
    sandbox, client = serve(orders=300)
    last, entries = 0, []

    for _ in range(20):
        source = f"DocEntry gt {last} and {OPEN}"
        rows = client.get("Orders", filter=source, orderby="DocEntry", top=20).json["value"]
        if not rows:
            break
        entries += [row["DocEntry"] for row in rows]
        last = entries[-1]

    orders = [order for order in sandbox.orders() if order["DocumentStatus"] == "bost_Open"]
    assert entries == [order["DocEntry"] for order in orders]


def test_a_kept_selection_is_forgotten_when_business_goes_on(serve):
    sandbox, client = serve()
    before = int(client.get("Orders/$count", filter=OPEN).body)

    sandbox.put_raw(5, DocumentStatus="bost_Open")
    sandbox.put_raw(6, DocumentStatus="bost_Open")
    sandbox.remove(6)

    after = int(client.get("Orders/$count", filter=OPEN).body)
    statuses = [order["DocumentStatus"] for order in sandbox.orders()]
    assert (before, after) == (statuses.count("bost_Open") - 1, statuses.count("bost_Open"))


def test_a_chain_of_keys_is_answered(serve):
    _, client = serve()

    page = client.get("Orders", filter="DocEntry eq 9 or DocEntry eq 999 or DocEntry eq 2").json

    assert [row["DocEntry"] for row in page["value"]] == [2, 9]


def test_rows_are_sorted_by_several_keys(serve):
    _, client = serve()

    rows = client.get(
        "Orders", {"B1S-PageSize": "0"}, orderby="DocumentStatus asc,DocEntry desc"
    ).json["value"]

    keys = [(row["DocumentStatus"], -row["DocEntry"]) for row in rows]
    assert keys == sorted(keys)


def test_descending_keys_are_paged_from_the_end(serve):
    sandbox, client = serve()

    page = client.get("Orders", orderby="DocEntry desc", skip=1, top=2).json

    entries = [order["DocEntry"] for order in sandbox.orders()]
    assert [row["DocEntry"] for row in page["value"]] == [entries[-2], entries[-3]]


def test_select_picks_header_properties_and_whole_collections(serve):
    sandbox, client = serve()

    row = client.get("Orders(5)", select="DocEntry,DocumentLines,FederalTaxID").json

    row.pop("odata.metadata")
    assert set(row) == {"DocEntry", "DocumentLines", "FederalTaxID"}
    assert row["DocumentLines"][0].keys() == sandbox.order(5)["DocumentLines"][0].keys()


def test_fat_answers_hold_every_declared_property(serve):
    _, client = serve(fat=True)

    order = client.get("Orders(5)").json

    assert len(order) > 290
    assert len(order["DocumentLines"][0]) > 230
    assert order["HandWritten"] == "tNO"


@pytest.mark.parametrize(
    "query",
    [
        "%24filter=DocEntry%20eq%205",
        "$filter=DocEntry+eq+5",
        "%24filter=DocEntry+eq+5&%24select=DocEntry",
    ],
)
def test_options_may_be_encoded_either_way(serve, query):
    _, client = serve()

    rows = client.call("GET", f"/b1s/v1/Orders?{query}").json["value"]

    assert [row["DocEntry"] for row in rows] == [5]


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "DocEntry in (1,2)"},
        {"select": "Nonsense"},
        {"select": "DocumentLines/Quantity"},
        {"orderby": "Nonsense"},
        {"orderby": "DocEntry sideways"},
        {"orderby": "DocumentLines"},
        {"top": "-1"},
        {"top": "many"},
        {"skip": "x"},
        {"inlinecount": "true"},
        {"count": "true"},
        {"apply": "x"},
    ],
)
def test_what_sap_does_not_understand_is_a_bad_request(serve, options):
    _, client = serve()

    answer = client.get("Orders", **options)

    assert (answer.status, answer.json["error"]["code"]) == (400, -1000)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/b1s/v1/Orders(5)", 400),
        ("PATCH", "/b1s/v1/Orders(5)", 405),
        ("POST", "/b1s/v1/Orders", 405),
        ("GET", "/b1s/v1/Login", 405),
        ("GET", "/b1s/v1/Nonsense", 404),
        ("GET", "/b1s/v1/Orders('x')", 400),
        ("GET", "/b1s/v1/Items(5)", 400),
        ("GET", "/b1s/v1/Orders(5)/Nonsense", 404),
        ("GET", "/b1s/v3/Orders", 404),
        ("GET", "/", 404),
    ],
)
def test_other_requests_are_refused(serve, method, path, status):
    _, client = serve()

    assert client.call(method, path).status == status


def test_deleting_an_order_is_not_allowed(serve):
    _, client = serve()

    answer = client.call("DELETE", "/b1s/v1/Orders(5)")

    assert answer.json["error"]["code"] == -5006


def test_a_property_without_a_value_says_so(serve):
    _, client = serve()

    assert client.get("Orders(5)/Project").json == {"odata.null": True}


def test_data_version_brings_an_etag(serve):
    _, client = serve(2, data_version=True)

    answer = client.get("Orders(5)")

    assert answer.json["DataVersion"] == 1
    assert answer.headers["ETag"] == 'W/"356A192B7913B04C54574D18C28D46E6395428AB"'


# The wire


def test_answers_are_compressed_when_asked_for(serve):
    sandbox, client = serve()

    answer = client.get("Orders", {"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.body))["value"]) == 20
    assert sandbox.requests[-1].bytes == len(answer.body)


def test_a_connection_serves_a_hundred_requests(serve):
    _, client = serve()

    answers = [client.get("Orders", top=0) for _ in range(99)]

    assert answers[-2].headers["Connection"] == "Keep-Alive"
    assert answers[-1].headers["Connection"] == "close"


def test_requests_are_logged(serve):
    sandbox, client = serve()

    client.get("Orders", top=1)

    request = sandbox.requests[-1]
    assert (request.method, request.path, request.query, request.status) == (
        "GET", "/b1s/v1/Orders", "$top=1", 200,
    )  # fmt: skip


def test_a_whole_url_as_request_target_is_understood(serve):
    _, client = serve()

    answer = client.call("GET", "http://127.0.0.1/b1s/v1/Orders?$top=1")

    assert answer.status == 200


def test_expecting_100_continue_fails_as_at_sap(serve):
    _, client = serve()

    answer = client.call("POST", "/b1s/v1/Login", b"{}", Expect="100-continue")

    assert (answer.status, answer.body) == (500, b"")


def test_tls_is_served_with_a_certificate_to_trust(serve):
    pytest.importorskip("trustme")

    _, client = serve(tls=True)

    assert client.get("Orders").status == 200


def test_another_process_can_read_all_orders(serve):
    sandbox, client = serve()

    orders = client.call("GET", "/sandbox/orders").json

    expected = [(order["DocEntry"], order["DocTotal"]) for order in sandbox.orders()]
    assert [(order["DocEntry"], order["DocTotal"]) for order in orders] == expected


def test_another_process_can_make_business_happen(serve):
    sandbox, client = serve()
    twin = Sandbox(sandbox.options)

    answer = client.call("POST", "/sandbox/business?events=7").json

    assert answer["events"] == [event.as_json() for event in twin.business(7)]
    assert sandbox.orders() == twin.orders()


def test_status_tells_the_clock(serve):
    sandbox, client = serve()

    sandbox.advance(timedelta(days=1))

    assert client.call("GET", "/sandbox/status").json["now"] == "2026-11-03T09:00:00"


# Faults


def orders_with(serve, kind, **fault):
    sandbox, client = serve()
    sandbox.faults.add(Fault(kind=kind, path="Orders", **fault))
    return client.get("Orders", orderby="DocEntry", filter="DocEntry gt 5", inlinecount="allpages")


def entries_with(serve, kind):
    return [row["DocEntry"] for row in orders_with(serve, kind).json["value"]]


@pytest.mark.parametrize(
    ("kind", "status", "content"),
    [
        ("html", 200, b"<html>"),
        ("html_502", 502, b"Proxy Error"),
        ("http_503", 503, b"Service Unavailable"),
        ("empty", 200, b""),
        ("empty_500", 500, b""),
        ("error_200", 200, b'{"error":'),
        ("expired", 401, b'"code":301'),
        ("redirect", 302, b""),
        ("retry_after_429", 429, b'{"error":'),
    ],
)
def test_an_answer_is_replaced(serve, kind, status, content):
    answer = orders_with(serve, kind)

    assert answer.status == status
    assert content in answer.body
    assert bool(content) is bool(answer.body)


def test_redirect_leads_to_another_host(serve):
    assert orders_with(serve, "redirect").headers["Location"].startswith("http://elsewhere.invalid")


def test_retry_after_is_said(serve):
    assert orders_with(serve, "retry_after_429", seconds=3).headers["Retry-After"] == "3"


def test_no_value_leaves_the_rows_out(serve):
    assert "value" not in orders_with(serve, "no_value").json


def test_value_is_not_a_list(serve):
    assert orders_with(serve, "value_not_list").json["value"] == {}


def test_wrong_count_is_one_too_many(serve):
    right = orders_with(serve, "slow", seconds=0).json["odata.count"]

    assert int(orders_with(serve, "wrong_count").json["odata.count"]) == int(right) + 1


def test_shuffled_rows_are_out_of_order(serve):
    entries = entries_with(serve, "shuffled")

    assert entries != sorted(entries)
    assert len(set(entries)) == 20


def test_duplicate_is_a_row_sent_twice(serve):
    entries = entries_with(serve, "duplicate")

    assert (len(entries), len(set(entries))) == (21, 20)


def test_dropped_row_is_missing_from_the_page_only(serve):
    assert len(entries_with(serve, "dropped_row")) == 19


def test_foreign_row_does_not_satisfy_the_filter(serve):
    entries = entries_with(serve, "foreign_row")

    assert min(entries) <= 5
    assert entries == sorted(entries)


def test_foreign_row_hides_among_the_right_ones(serve):
    sandbox, client = serve(orders=300)
    sandbox.faults.add(Fault(kind="foreign_row"))

    rows = client.get("Orders", filter=OPEN, orderby="DocEntry").json["value"]

    entries = [row["DocEntry"] for row in rows]
    assert {row["DocumentStatus"] for row in rows[1:-1]} == {"bost_Open", "bost_Close"}
    assert entries == sorted(entries)


def test_truncated_body_is_shorter_than_announced(serve):
    with pytest.raises(http.client.IncompleteRead):
        orders_with(serve, "truncated")


def test_truncated_json_is_a_whole_answer_with_broken_json(serve):
    answer = orders_with(serve, "truncated_json")

    assert len(answer.body) == int(answer.headers["Content-Length"])
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_reset_drops_the_connection(serve):
    with pytest.raises(ConnectionError):
        orders_with(serve, "reset")


def test_huge_is_small_on_the_wire_and_large_unpacked(serve):
    sandbox, client = serve()
    sandbox.faults.add(Fault(kind="huge", megabytes=8))

    answer = client.get("Orders", {"Accept-Encoding": "gzip"})

    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) > 8_000_000


def test_after_a_fault_all_is_well_again(serve):
    sandbox, client = serve()
    sandbox.faults.add(Fault.parse("Orders:html@2"))

    kinds = [client.get("Orders", top=1).headers.get_content_type() for _ in range(3)]

    assert kinds == ["application/json", "text/html", "application/json"]
