"""What is not known for sure about SAP is a switch: the sandbox either way, the product on both."""

from __future__ import annotations

import pytest

from tests.support import EVERY_EVENT, mirrored

ONE_DATABASE = pytest.mark.one_database(reason="SAP answers differently and the same is stored")
LINKS = {
    "whole": "Orders?$orderby=DocEntry&$skip=20",
    "skip_only": "Orders?$skip=20",
    "rooted": "/b1s/v2/Orders?$skip=20",
}
DOUBTS = [
    {},
    {"in_operator": True},
    {"cookie_attributes": "Secure;SameSite=None;"},
    {"next_links": "skip_only"},
    {"next_links": "rooted"},
    {"data_version": True, "version_bump_on": frozenset()},
    {"data_version": True, "version_bump_on": EVERY_EVENT, "bump_on": frozenset({"edit"})},
    {"bump_on": EVERY_EVENT | {"line_close"}},
    {"bump_on": EVERY_EVENT - {"line_close"}},
]


def an_order_of_several_lines(sandbox):
    return next(
        order
        for order in sandbox.orders()
        if order["DocumentStatus"] == "bost_Open" and len(order["DocumentLines"]) > 2
        and all(line["LineStatus"] == "bost_Open" for line in order["DocumentLines"])
    )  # fmt: skip


@pytest.mark.parametrize(("status", "code"), [(401, -5027), (500, -5027), (401, -304)])
def test_a_wrong_company_is_refused_as_the_switch_says(serve, status, code):
    _, client = serve(wrong_company_status=status, wrong_company_code=code)

    answer = client.login(CompanyDB="x")

    assert (answer.status, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize("code", [-304, 100000027, 100000055])
def test_a_wrong_password_is_refused_with_the_releases_code(serve, code):
    _, client = serve(login_error_code=code)

    answer = client.login(Password="x")

    assert (answer.status, answer.json["error"]["code"]) == (401, code)


def test_the_in_operator_is_refused_unless_switched_on(serve):
    _, client = serve(2)

    assert client.get("Orders", filter="DocEntry in (1,2)").status == 400


def test_the_in_operator_selects_what_or_does(serve):
    sandbox, client = serve(2, in_operator=True)
    first, second = (order["DocEntry"] for order in sandbox.orders()[3:5])

    page = client.get("Orders", filter=f"not (DocEntry lt 0) and DocEntry in ({first}, {second})")

    assert [order["DocEntry"] for order in page.json["value"]] == [first, second]


def test_v1_has_no_in_operator_either_way(serve):
    _, client = serve(1, in_operator=True)

    assert client.get("Orders", filter="DocEntry in (1,2)").status == 400


@pytest.mark.parametrize("attributes", ["", "Secure;SameSite=None;"])
def test_the_sessions_cookie_has_the_attributes_of_the_switch(serve, attributes):
    _, client = serve(cookie_attributes=attributes)

    answer = client.login()

    cookie = answer.headers.get_all("Set-Cookie")[0]
    assert cookie == f"B1SESSION={answer.json['SessionId']};HttpOnly;{attributes}"


@pytest.mark.parametrize("form", LINKS)
def test_a_next_link_has_the_form_of_the_switch(serve, form):
    _, client = serve(2, next_links=form)

    page = client.get("Orders", orderby="DocEntry")

    assert page.json["@odata.nextLink"] == LINKS[form]


@pytest.mark.parametrize(
    ("bump_on", "version_bump_on", "moved"),
    [
        (frozenset({"edit"}), None, (True, True)),
        (frozenset({"edit"}), frozenset(), (True, False)),
        (frozenset(), frozenset({"edit"}), (False, True)),
    ],
)
def test_data_version_may_rise_apart_from_update_date(serve, bump_on, version_bump_on, moved):
    sandbox, _ = serve(data_version=True, bump_on=bump_on, version_bump_on=version_bump_on)
    before = sandbox.orders()[0]

    sandbox.edit(before["DocEntry"], Comments="edited")

    after = sandbox.order(before["DocEntry"])
    stamped = after["UpdateDate"] != before["UpdateDate"]
    assert (stamped, after.get("DataVersion", 1) != before.get("DataVersion", 1)) == moved


@pytest.mark.parametrize("bumps", [True, False])
def test_closing_a_line_stamps_the_order_as_the_switch_says(serve, bumps):
    sandbox, _ = serve(bump_on=frozenset({"line_close"}) if bumps else frozenset({"edit"}))
    before = an_order_of_several_lines(sandbox)

    sandbox.close_line(before["DocEntry"], before["DocumentLines"][0]["LineNum"])

    after = sandbox.order(before["DocEntry"])
    assert after["DocumentLines"][0]["LineStatus"] == "bost_Close"
    assert after["DocumentStatus"] == "bost_Open"
    assert (after["UpdateDate"] != before["UpdateDate"]) is bumps


def test_an_order_closes_with_its_last_line(serve):
    sandbox, _ = serve()
    order = an_order_of_several_lines(sandbox)

    for line in order["DocumentLines"]:
        sandbox.close_line(order["DocEntry"], line["LineNum"])

    assert sandbox.order(order["DocEntry"])["DocumentStatus"] == "bost_Close"


@ONE_DATABASE
@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda it: " ".join(it) or "none")
def test_the_product_mirrors_the_same_whatever_is_in_doubt(transactional_db, doubt):
    with mirrored(**doubt) as mirror:
        mirror.sync()
        mirror.business(30)
        order = an_order_of_several_lines(mirror.sandbox)
        mirror.sandbox.close_line(order["DocEntry"], order["DocumentLines"][0]["LineNum"])

        report = mirror.sync()
        mirror.sync(full=True)

        assert report.outcome == "complete"
        assert mirror.exported() == mirror.expected()


@ONE_DATABASE
@pytest.mark.parametrize("paging", ["next_link", "top_skip"])
def test_lines_by_query_service_are_the_same_however_it_pages(transactional_db, paging):
    with mirrored(query_service_paging=paging, page_size=5) as mirror:
        mirror.joined_lines = True
        mirror.sync()
        mirror.business(30)

        report = mirror.sync()

        assert report.outcome == "complete"
        assert mirror.exported() == mirror.expected()


@ONE_DATABASE
@pytest.mark.parametrize("code", [-304, 100000027, 100000055])
def test_a_refused_login_ends_the_run_at_once_whatever_its_code(transactional_db, code):
    with mirrored(login_error_code=code) as mirror:
        mirror.password = "wrong"

        report = mirror.sync()

        assert (report.outcome, len(mirror.sandbox.requests)) == ("failed", 1)
        assert "Fail to get DB Credentials" in report.problem


@ONE_DATABASE
@pytest.mark.parametrize("status", [401, 500])
def test_a_company_that_is_not_there_ends_the_run_whatever_the_status(transactional_db, status):
    with mirrored(wrong_company_status=status, company_db="OTHER") as mirror:
        report = mirror.sync()

        assert report.outcome == "failed"
        assert report.orders()["seen"] == 0
