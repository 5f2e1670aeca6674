"""With any one technique off, the benchmark still measures a mirror that is exact."""

from __future__ import annotations

import pytest
from benchmarks.fat_load import without_select
from benchmarks.switches import SWITCHES, _AskedEachTime
from django.db import connection

from ordermirror.models import Company, OrderLine, SalesOrder, SalesPerson
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
