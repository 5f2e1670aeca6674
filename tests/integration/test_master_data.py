"""Items, manufacturers and customers are mirrored, and lines follow their items."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ordermirror.core.plan import Plan
from ordermirror.models import (
    Customer,
    Item,
    Manufacturer,
    OrderChange,
    OrderLine,
    Probe,
    SalesPerson,
)
from ordermirror.sap.service_layer import utc_now
from ordermirror.sap.transport import Answer
from ordermirror.store.remembering import OwnMemory, RedisMemory, memory_of
from tests.acceptance import brokers
from tests.support import answers, lines_agree, mirrored

NOTHING_LISTENS = "redis://127.0.0.1:1/0"
EVERY_RUN = Plan(items_every=timedelta(0), customers_every=timedelta(0))


def first_item(mirror):
    return mirror.sandbox.orders()[0]["DocumentLines"][0]["ItemCode"]


def asking_for_manufacturers(executed):
    said = [row["sql"].replace("`", '"') for row in executed]
    items = [sql for sql in said if 'FROM "ordermirror_item"' in sql]
    return [sql for sql in items if "manufacturer" in sql and "item_name" not in sql]


def test_first_load_brings_master_data_and_gives_lines_their_manufacturers(mirror):
    mirror.sync()

    tables = mirror.sandbox.company.tables
    stored = (Item.objects.count(), Manufacturer.objects.count(), Customer.objects.count())
    assert stored == tuple(map(len, (tables[it] for it in (
        "Items", "Manufacturers", "BusinessPartners"
    ))))  # fmt: skip
    assert lines_agree(mirror)


def test_lines_follow_their_item_and_no_order_changes(mirror):
    mirror.sync()
    code = first_item(mirror)
    mirror.sandbox.edit_row("Items", code, Manufacturer=3, ItemName="Renamed")

    report = mirror.sync(plan=EVERY_RUN)

    assert set(
        OrderLine.objects.filter(item_code=code).values_list("manufacturer_code", flat=True)
    ) == {3}
    assert lines_agree(mirror)
    assert not OrderChange.objects.exists()
    assert report.lines.changed == 0


def test_item_that_is_not_known_is_read_by_its_code_in_the_same_run(mirror):
    mirror.sync()
    code = first_item(mirror)
    Item.objects.filter(item_code=code).delete()
    OrderLine.objects.filter(item_code=code).update(manufacturer_code=None)
    mirror.company.manufacturers_version = "of a mirror that never saw it"
    mirror.company.save()
    lines = mirror.sandbox.orders()[0]["DocumentLines"]
    lines[0]["FreeText"] = "changed"
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], DocumentLines=lines)

    report = mirror.sync()

    assert Probe.ITEMS_BY_CODE in [probe.probe for probe in report.probes]
    assert lines_agree(mirror)


def test_item_that_sap_does_not_show_is_asked_for_once_a_day(mirror):
    mirror.sync()
    order = mirror.sandbox.orders()[0]
    lines = order["DocumentLines"]
    lines[0]["ItemCode"] = "it's & gone"
    mirror.sandbox.edit(order["DocEntry"], DocumentLines=lines)

    asked = [
        Probe.ITEMS_BY_CODE in [it.probe for it in mirror.sync(plan=EVERY_RUN, clock=clock).probes]
        for clock in (utc_now, utc_now, lambda: utc_now() + timedelta(days=2))
    ]

    assert asked == [True, False, True]


def test_orders_go_on_where_items_are_not_granted(mirror):
    def refused(url, answer):
        return Answer(403, {}, b"{}") if "/Items?" in url else answer

    answers(mirror, refused)

    report = mirror.sync()

    assert report.orders()["created"] == 120
    assert [it.probe for it in report.probes if not it.complete] == [Probe.ITEMS]


def add(mirror, entity_set, **fields):
    """A row of master data as a person enters it: like the first one but for `fields`."""
    company = mirror.sandbox.company
    with company.lock:
        row = next(iter(company.tables[entity_set])) | fields
        if "CreateDate" in row:
            row["CreateDate"] = company.now.date()
        company.tables[entity_set].add(row)


def asked_by_code(report):
    return {it.probe for it in report.probes if it.probe.label.endswith("by code")}


def test_customer_that_is_not_known_is_named_in_the_same_run(mirror):
    mirror.sync()
    add(mirror, "BusinessPartners", CardCode="new & it's", CardName="New LLC")
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], CardCode="new & it's")

    report = mirror.sync()

    assert Customer.objects.get(card_code="new & it's").card_name == "New LLC"
    assert asked_by_code(report) == {Probe.CUSTOMERS_BY_CODE}


def test_sales_person_who_is_not_known_is_named_in_the_same_run(mirror):
    mirror.sync()
    add(mirror, "SalesPersons", SalesEmployeeCode=901, SalesEmployeeName="Newly Hired")
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], SalesPersonCode=901)

    report = mirror.sync()

    stored = SalesPerson.objects.get(sales_employee_code=901)
    assert stored.sales_employee_name == "Newly Hired"
    assert asked_by_code(report) == {Probe.SALES_PEOPLE_BY_CODE}


def test_manufacturer_of_an_item_that_is_not_known_is_named_in_the_same_run(mirror):
    mirror.sync()
    add(mirror, "Manufacturers", Code=901, ManufacturerName="New Works")
    add(mirror, "Items", ItemCode="NEW-1", Manufacturer=901)
    lines = mirror.sandbox.orders()[0]["DocumentLines"]
    lines[0]["ItemCode"] = "NEW-1"
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], DocumentLines=lines)

    report = mirror.sync()

    assert Manufacturer.objects.get(code=901).manufacturer_name == "New Works"
    assert asked_by_code(report) == {Probe.ITEMS_BY_CODE, Probe.MANUFACTURERS_BY_CODE}


def test_what_is_known_is_not_asked_for_by_code(mirror):
    mirror.sync()
    first, second = mirror.sandbox.orders()[:2]
    mirror.sandbox.edit(
        first["DocEntry"],
        CardCode=second["CardCode"], SalesPersonCode=second["SalesPersonCode"] + 1,
    )  # fmt: skip

    report = mirror.sync()

    assert asked_by_code(report) == set()


def test_customer_that_sap_does_not_show_holds_nothing_up(mirror):
    mirror.sync()
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], CardCode="gone")

    reports = [mirror.sync(), mirror.sync()]

    assert [it.outcome for it in reports] == ["complete", "complete"]
    assert [asked_by_code(it) for it in reports] == [{Probe.CUSTOMERS_BY_CODE}, set()]
    assert not Customer.objects.filter(card_code="gone").exists()


def test_where_customers_are_not_granted_none_is_asked_for_by_code(mirror):
    answers(
        mirror,
        lambda url, answer: Answer(403, {}, b"{}") if "/BusinessPartners?" in url else answer,
    )
    mirror.sync()
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], CardCode="new")

    report = mirror.sync()

    assert asked_by_code(report) == set()


def test_an_edited_customer_follows_and_only_those_stamped_lately_are_asked_for(mirror):
    mirror.sync()
    code = mirror.sandbox.orders()[0]["CardCode"]
    mirror.sandbox.edit_row("BusinessPartners", code, CardName="Renamed LLC", Phone1="04 123")
    mirror.sandbox.requests.clear()

    mirror.sync(plan=EVERY_RUN)

    stored = Customer.objects.get(card_code=code)
    assert (stored.card_name, stored.phone1) == ("Renamed LLC", "04 123")
    queries = [
        unquote(it.query) for it in mirror.sandbox.requests if it.path.endswith("/BusinessPartners")
    ]
    assert queries
    assert all("UpdateDate ge '" in query for query in queries)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with brokers.running("redis", tmp_path_factory.mktemp("redis")) as made:
        yield made.url


@pytest.fixture(params=["own", "redis"])
def memory(request, tmp_path):
    if request.param == "own":
        return OwnMemory()
    url = request.getfixturevalue("redis_url")
    return RedisMemory(url, timedelta(minutes=1), prefix=f"test:{tmp_path}")


def test_manufacturers_are_queried_once_cold_and_never_warm(transactional_db, memory):
    with mirrored(orders=500, items=20_000) as mirror:
        mirror.light_page_size = 5000
        mirror.sync()
        for order in mirror.sandbox.orders():
            lines = [line | {"FreeText": "again"} for line in order["DocumentLines"]]
            mirror.sandbox.edit(order["DocEntry"], DocumentLines=lines)
        with CaptureQueriesContext(connection) as cold:
            first = mirror.sync(memory=memory)
        mirror.sandbox.advance(timedelta(seconds=1))
        for order in mirror.sandbox.orders():
            lines = [line | {"FreeText": "and again"} for line in order["DocumentLines"]]
            mirror.sandbox.edit(order["DocEntry"], DocumentLines=lines)

        with CaptureQueriesContext(connection) as warm:
            second = mirror.sync(memory=memory)

    assert len(asking_for_manufacturers(cold)) == 1
    assert asking_for_manufacturers(warm) == []
    assert (first.manufacturers["hits"], second.manufacturers["misses"]) == (0, 0)
    assert first.manufacturers["misses"] == second.manufacturers["hits"] >= 3000


def test_a_process_warns_once_and_goes_on_when_redis_is_down(mirror, caplog):
    memory = memory_of(NOTHING_LISTENS)
    mirror.sync(memory=memory)
    mirror.sandbox.edit(mirror.sandbox.orders()[0]["DocEntry"], Comments="again")
    mirror.sync(memory=memory)

    assert lines_agree(mirror)
    assert caplog.text.count("in this process alone") == 1


def test_two_processes_with_one_redis_see_each_others_changes(mirror, tmp_path, redis_url):
    one, other = (RedisMemory(redis_url, prefix=f"test:{tmp_path}") for _ in range(2))
    mirror.sync(memory=one)
    code = first_item(mirror)
    mirror.sandbox.edit_row("Items", code, Manufacturer=3)
    mirror.sync(memory=other, plan=EVERY_RUN)
    for order in mirror.sandbox.orders()[:5]:
        lines = [line | {"FreeText": "again"} for line in order["DocumentLines"]]
        mirror.sandbox.edit(order["DocEntry"], DocumentLines=lines)

    mirror.sync(memory=one)

    assert lines_agree(mirror)


def test_own_memory_forgets_after_its_time():
    now = [0.0]
    memory = OwnMemory(timedelta(seconds=300), clock=lambda: now[0])
    memory.remember("v", {"A": 1, "B": None})

    before = memory.recall("v", ["A", "B", "C"])
    now[0] = 300.0

    assert before == {"A": 1, "B": None}
    assert memory.recall("v", ["A", "B"]) == {}


def test_redis_remembers_what_is_not_known_too(tmp_path, redis_url):
    memory = RedisMemory(redis_url, prefix=f"test:{tmp_path}")
    memory.remember("v", {"A": 1, "it's": None})

    assert memory.recall("v", ["A", "it's", "C"]) == {"A": 1, "it's": None}
    assert memory.recall("w", ["A"]) == {}
