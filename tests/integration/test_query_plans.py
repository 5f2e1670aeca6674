"""No page reads orders or lines from end to end: the plans of what pages execute."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ordermirror.export import exported_lines
from ordermirror.models import line_id, order_id
from ordermirror.store import mirror, search
from tests import bulk, plans
from tests.unit.builders import make_order

pytestmark = pytest.mark.django_db
ORDERS = 20_000


@pytest.fixture(scope="module")
def many(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        made = bulk.fill(ORDERS)
        yield made
        bulk.empty()


@pytest.fixture
def statements(many, admin_client):
    def captured(address):
        with CaptureQueriesContext(connection) as executed:
            response = admin_client.get(address)
        assert response.status_code == 200
        selects = [row["sql"] for row in executed if row["sql"].startswith(("SELECT", "("))]
        assert len(selects) <= 6, selects
        return response.content.decode(), [sql for sql in selects if "ordermirror" in sql]

    return captured


def scanned(statements):
    return {sql: found for sql in statements if (found := plans.scans(sql))}


LISTS = [
    "", "status=closed", "status=cancelled", "status=other", "status=all",
    "sales=12", "sales=12&status=closed", "sales=12&status=all", "sales=12,15", "sort=date",
]  # fmt: skip
FILTERS = [
    "from=2025-06-01", "to=2023-03-01&status=all", "due_from=2025-06-01&due_to=2025-06-10",
    "overdue=1", "customer=C00012", "customer=marina&status=all", "customer=للتجار&status=closed",
    "page=15&status=all", "status=all&after=2024-06-01,9000", "status=all&before=2024-06-01,9000",
]  # fmt: skip
SEARCHES = [
    "126004711", "12600471", "١٢٦٠٠٤٧١١", "C00012", "falcon", "النور", "lpo-2025/471", "4711",
    "I00077", "dn1234", "DN77+falcon", "falcon+lpo-2025/47", "valve", "gulf+trading", "zzz",
]  # fmt: skip


@pytest.mark.parametrize("query", LISTS)
def test_list_is_read_in_the_order_of_an_index(statements, query):
    page, executed = statements(f"/orders/?{query}")

    assert 'class="number"' in page
    assert scanned(executed) == {}
    if query != "sales=12,15":
        assert not plans.sorts(executed[-1]), executed[-1]


@pytest.mark.parametrize("query", LISTS)
def test_list_counts_and_adds_up_without_reading_orders(statements, query):
    _page, executed = statements(f"/orders/?{query}")

    reading_orders = [sql for sql in executed if "ordermirror_salesorder" in sql]
    assert reading_orders == executed[-1:]


@pytest.mark.parametrize("query", FILTERS)
def test_filter_reads_along_an_index(statements, query):
    page, executed = statements(f"/orders/?{query}")

    assert 'class="number"' in page
    assert scanned(executed) == {}


@pytest.mark.parametrize("words", SEARCHES)
@pytest.mark.parametrize("status", ["open", "all"])
def test_search_reads_along_an_index(statements, words, status):
    page, executed = statements(f"/orders/?q={words}&status={status}")

    assert scanned(executed) == {}
    assert 'class="number"' in page or status == "open" or words == "zzz"


def test_order_page_reads_its_own_rows(statements):
    page, executed = statements("/orders/SBODEMO/12345/")

    assert "126012345" in page
    assert scanned(executed) == {}


@pytest.mark.parametrize("chosen", [{"open_only": True, "most": 100}, {"item": "I00077"}])
def test_exported_lines_are_read_along_an_index(many, chosen):
    with CaptureQueriesContext(connection) as executed:
        lines = list(exported_lines(many.pk, **chosen))

    [sql] = [row["sql"] for row in executed if "ordermirror_orderline" in row["sql"]]
    assert lines
    assert scanned([sql]) == {}
    assert "item" in chosen or not plans.sorts(sql)


@pytest.mark.parametrize("address", ["/runs/", "/runs/?page=3"])
def test_runs_read_no_orders(statements, address):
    _page, executed = statements(address)

    assert scanned(executed) == {}


def test_run_reads_what_it_changed(statements):
    newest = re.search(r"/runs/(\d+)/", statements("/runs/")[0])

    page, executed = statements(newest[0])

    assert "126000400" in page
    assert scanned(executed) == {}


@pytest.mark.parametrize("address", ["/monitor/", "/monitor/SBODEMO/"])
def test_monitor_reads_no_orders(many, admin_client, address):
    with CaptureQueriesContext(connection) as executed:
        response = admin_client.get(address)

    assert response.status_code == 200
    selects = [row["sql"] for row in executed if "ordermirror" in row["sql"]]
    assert selects
    assert scanned(selects) == {}


NOW = datetime(2026, 1, 5, tzinfo=UTC)
ENTRIES = range(500, 700)
WRITES = {
    "lines removed": lambda company: mirror.mark_removed(
        [line_id(order_id(company, entry), 0) for entry in ENTRIES], NOW
    ),
    "references changed": lambda company: search.write(
        company,
        [
            (make_order(doc_entry=entry), make_order(doc_entry=entry, num_at_card="PO 7"))
            for entry in ENTRIES
        ],
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_rows_are_written_along_an_index(many, write):
    """MariaDB takes none for a subquery in an UPDATE or DELETE."""
    with CaptureQueriesContext(connection) as executed:
        write(many.pk)

    written = [row["sql"] for row in executed if row["sql"].startswith(("UPDATE", "DELETE"))]
    assert written
    assert scanned(written) == {}
