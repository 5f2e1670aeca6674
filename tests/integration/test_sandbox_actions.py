"""Orders closed, cancelled and opened again through the sandbox, and ETags that guard them."""

from __future__ import annotations

from hashlib import sha1

import pytest

ACTIONS = ["Close", "Cancel", "CreateCancellationDocument"]


def some_open(sandbox):
    """An order that is open and of which nothing was delivered."""
    return next(
        order["DocEntry"]
        for order in sandbox.orders()
        if order["DocumentStatus"] == "bost_Open"
        and all(
            line["RemainingOpenQuantity"] == line["Quantity"] for line in order["DocumentLines"]
        )
        and order["DocType"] == "dDocument_Items"
    )


def etag_of(data_version):
    return f'W/"{sha1(str(data_version).encode()).hexdigest().upper()}"'


@pytest.mark.parametrize("version", [1, 2])
def test_close_closes_the_order_and_its_lines(serve, version):
    sandbox, client = serve(version)
    entry = some_open(sandbox)

    answer = client.post(f"Orders({entry})/Close")

    order = sandbox.order(entry)
    assert (answer.status, answer.body) == (204, b"")
    assert (order["DocumentStatus"], order["Cancelled"]) == ("bost_Close", "tNO")
    assert {line["LineStatus"] for line in order["DocumentLines"]} == {"bost_Close"}


@pytest.mark.parametrize("action", ["Cancel", "CreateCancellationDocument"])
def test_a_cancelled_order_is_closed_too(serve, action):
    sandbox, client = serve()
    entry = some_open(sandbox)

    answer = client.post(f"Orders({entry})/{action}", {})

    order = sandbox.order(entry)
    assert answer.status == 204
    assert (order["DocumentStatus"], order["Cancelled"]) == ("bost_Close", "tYES")


def test_reopen_makes_a_closed_order_what_it_was(serve):
    sandbox, client = serve()
    entry = some_open(sandbox)
    before = sandbox.order(entry)
    client.post(f"Orders({entry})/Close")

    answer = client.post(f"Orders({entry})/Reopen")

    assert answer.status == 204
    assert sandbox.order(entry) == before


@pytest.mark.parametrize(("version", "status"), [(1, 404), (2, 204)])
def test_version_2_knows_actions_by_their_full_name_too(serve, version, status):
    sandbox, client = serve(version)

    answer = client.post(f"Orders({some_open(sandbox)})/SAPB1.Cancel")

    assert answer.status == status


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_closed_is_not_closed_again(serve, action):
    sandbox, client = serve()
    entry = some_open(sandbox)
    client.post(f"Orders({entry})/Close")

    answer = client.post(f"Orders({entry})/{action}")

    assert (answer.status, answer.json["error"]["code"]) == (400, -10)


def test_a_cancelled_order_stays_so(serve):
    sandbox, client = serve()
    entry = some_open(sandbox)
    client.post(f"Orders({entry})/Cancel")

    assert client.post(f"Orders({entry})/Reopen").status == 400


def test_an_order_delivered_in_part_is_not_cancelled(serve):
    sandbox, client = serve()
    events = sandbox.business(200)
    entry = next(
        event.doc_entry
        for event in reversed(events)
        if event.kind == "deliver_partial"
        and sandbox.order(event.doc_entry)["DocumentStatus"] == "bost_Open"
    )

    assert client.post(f"Orders({entry})/Cancel").status == 400
    assert client.post(f"Orders({entry})/Close").status == 204


@pytest.mark.parametrize(
    ("resource", "status"),
    [("Orders(999999)/Close", 404), ("Orders(1)/Open", 404), ("Items('A')/Close", 404)],
)
def test_an_action_on_nothing_is_refused(serve, resource, status):
    _, client = serve()

    assert client.post(resource).status == status


@pytest.mark.parametrize("moves", [True, False])
def test_whether_an_action_leaves_a_stamp_is_a_choice(serve, moves):
    bump_on = frozenset({"close"}) if moves else frozenset()
    sandbox, client = serve(bump_on=bump_on, data_version=True)
    entry = some_open(sandbox)
    before = sandbox.order(entry)

    client.post(f"Orders({entry})/Close")

    after = sandbox.order(entry)
    assert (after["UpdateDate"] != before["UpdateDate"]) is moves
    assert after["DataVersion"] == (2 if moves else 1)


# ETags


@pytest.mark.parametrize(("version", "key"), [(1, "odata.etag"), (2, "@odata.etag")])
def test_the_etag_is_the_hash_of_data_version(serve, version, key):
    sandbox, client = serve(version, data_version=True)
    sandbox.edit(5, Comments="changed")

    answer = client.get("Orders(5)")

    assert answer.json["DataVersion"] == 2
    assert answer.json[key] == answer.headers["ETag"] == etag_of(2)


def test_older_releases_have_no_etag(serve):
    _, client = serve(2)

    answer = client.get("Orders(5)")

    assert "ETag" not in answer.headers
    assert not {"@odata.etag", "DataVersion"} & answer.json.keys()


@pytest.mark.parametrize(("select_etag", "shown"), [("stuck", 1), ("true", 2)])
def test_the_etag_of_a_selection_may_be_stuck(serve, select_etag, shown):
    sandbox, client = serve(2, data_version=True, select_etag=select_etag)
    sandbox.edit(5, Comments="changed")

    one = client.get("Orders(5)", select="DocEntry")
    page = client.get("Orders", select="DocEntry", filter="DocEntry eq 5")

    assert one.json["@odata.etag"] == page.json["value"][0]["@odata.etag"] == etag_of(shown)
    assert one.headers["ETag"] == (etag_of(2) if select_etag == "true" else None)


def test_a_stale_etag_stops_an_action(serve):
    sandbox, client = serve(data_version=True)
    entry = some_open(sandbox)
    stale = client.get(f"Orders({entry})").headers["ETag"]
    sandbox.edit(entry, Comments="changed")

    answer = client.post(f"Orders({entry})/Close", headers={"If-Match": stale})

    assert (answer.status, answer.json["error"]["code"]) == (412, -2039)
    assert sandbox.order(entry)["DocumentStatus"] == "bost_Open"


@pytest.mark.parametrize("given", ["*", etag_of(1)])
def test_a_fresh_etag_does_not(serve, given):
    sandbox, client = serve(data_version=True)

    answer = client.post(f"Orders({some_open(sandbox)})/Close", headers={"If-Match": given})

    assert answer.status == 204
