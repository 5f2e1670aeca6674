"""With any one technique off, the benchmark still measures a mirror that is exact."""

from __future__ import annotations

import pytest
from benchmarks.fat_load import without_select
from benchmarks.switched import largest_statement
from benchmarks.switches import SWITCHES, _AskedEachTime
from django.conf import settings
from django.db import connection

from ordermirror import sync
from ordermirror.models import Company, Item, OrderLine, SalesOrder, SalesPerson
from ordermirror.store import tables
from ordermirror.store.manufacturers import Lookup
from ordermirror.store.master_data import item_id
from tests.support import mirrored

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.one_database(reason="it is the patches that are tried"),
]


@pytest.mark.parametrize("name", SWITCHES)
def test_the_mirror_is_exact_without(name):
    with mirrored(orders=30) as mirror, SWITCHES[name].off():
        mirror.sync()
        mirror.sync(full=True)

        assert mirror.exported() == mirror.expected()


def test_what_was_dropped_for_a_measurement_is_made_again():
    before = _indexes()

    with SWITCHES["without indexes"].off():
        without = _indexes()

    assert _indexes() == before
    assert without < before


def test_every_row_is_written_again_when_told_that_everything_differs():
    with mirrored(orders=30) as mirror:
        mirror.sync()
        with SWITCHES["unchanged documents decoded, compared and written"].off():
            report = mirror.sync(full=True)

        assert report.rows_written == SalesOrder.objects.count() + OrderLine.objects.count()


@pytest.mark.parametrize("whole", [False, True])
def test_of_changed_orders_is_written_what_changed_unless_all_is(whole):
    name = "changed orders written whole" if whole else "as it is"
    with mirrored(orders=30, open_share=1.0) as mirror:
        mirror.sync()
        edited = [order["DocEntry"] for order in mirror.sandbox.orders()][:10]
        all_lines = 0
        for entry in edited:
            lines = mirror.sandbox.order(entry)["DocumentLines"]
            lines[0]["FreeText"] = "edited"
            mirror.sandbox.edit(entry, Comments="edited", DocumentLines=lines)
            all_lines += len(lines)
        with SWITCHES[name].off():
            report = mirror.sync()

    assert report.rows_written == len(edited) + (all_lines if whole else len(edited))


def test_the_largest_statement_is_told():
    with mirrored(orders=30) as mirror, largest_statement() as rows:
        mirror.sync()

    assert OrderLine.objects.count() in rows


@pytest.mark.parametrize("rows", [500, 2_000, 5_000, 20_000])
def test_pages_are_as_large_as_statements_of_many_rows_need(rows):
    with SWITCHES[f"pages of 5,000 orders, {rows:,} rows a statement"].off():
        assert settings.ORDERMIRROR.sap_page_size * 7 > rows
        assert rows == tables.ROWS_A_STATEMENT


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("as it is", 1),
        ("manufacturers asked item by item", 3),
        ("manufacturers remembered by a run before", 0),
    ],
)
def test_manufacturers_are_looked_up_as_told(name, statements, django_assert_num_queries):
    company = Company.objects.create(company_db="SBODEMO")
    for code in ("A", "B", "C"):
        key = item_id(company.pk, code)
        Item.objects.create(pk=key, company=company, item_code=code, manufacturer=7)

    with SWITCHES[name].off(), django_assert_num_queries(statements):
        found = Lookup(company, sync.MEMORY).of(["A", "B", "C"], more_to_come=False)

    assert found.manufacturers == {"A": 7, "B": 7, "C": 7}


def test_names_are_asked_one_by_one(django_assert_num_queries):
    company = Company.objects.create(company_db="SBODEMO")
    SalesPerson.objects.create(company=company, sales_employee_code=7, sales_employee_name="Amal")
    names = _AskedEachTime()

    with django_assert_num_queries(2):
        told = names.get((company.pk, 7), ""), names.get((company.pk, 8), "")

    assert told == ("Amal", "")


def test_documents_are_asked_for_whole_without_select():
    with mirrored(orders=3, fat=True) as mirror:
        with without_select():
            mirror.sync()

        asked = [it.query for it in mirror.sandbox.requests if it.path.endswith("/Orders")]
        assert not any("DocumentLines" in query for query in asked)
        assert SalesOrder.objects.count() == 3


def _indexes():
    with connection.cursor() as cursor:
        return {
            name
            for model in (SalesOrder, OrderLine)
            for name in connection.introspection.get_constraints(cursor, model._meta.db_table)
        }
