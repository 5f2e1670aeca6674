"""The first load: everything, exactly, and resumable."""

from __future__ import annotations

import pytest

from ordermirror.models import Company, Customer, Item, Manufacturer, OrderChange, SalesPerson
from tests.support import V1, mirrored


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", [V1, 2])
@pytest.mark.parametrize(
    "orders",
    [
        2000,
        pytest.param(10_000, marks=pytest.mark.one_database(reason="2,000 are pages enough")),
    ],
)
def test_export_equals_the_source_after_a_first_load(version, orders):
    with mirrored(version=version, orders=orders, seed=orders) as mirror:
        mirror.page_size = 200

        report = mirror.sync()

        assert report.outcome == "complete"
        assert mirror.exported() == mirror.expected()


@pytest.mark.django_db(transaction=True)
def test_fat_documents_are_mirrored_the_same():
    with mirrored(fat=True, orders=30) as mirror:
        mirror.sync()

        assert mirror.exported() == mirror.expected()


def test_a_first_load_counts_what_it_wrote(mirror):
    report = mirror.sync()

    lines = sum(len(doc["DocumentLines"]) for doc in mirror.sandbox.orders())
    masters = sum(kind.objects.count() for kind in (SalesPerson, Manufacturer, Item, Customer))
    assert report.orders()["created"] == report.orders()["seen"] == 120
    assert (report.lines.created, report.lines.changed, report.lines.removed) == (lines, 0, 0)
    assert report.rows_written == 120 + lines + masters


def test_a_second_first_load_writes_nothing(mirror):
    mirror.sync()

    report = mirror.sync(full=True)

    assert (report.outcome, report.rows_written) == ("complete", 0)
    assert report.orders()["unchanged"] == report.orders()["seen"] == 120


def test_a_first_load_leaves_no_history(mirror):
    mirror.sync()

    assert not OrderChange.objects.exists()


def test_a_full_load_mends_what_no_probe_could_see(mirror):
    mirror.sync()
    doc_entry = mirror.sandbox.orders()[0]["DocEntry"]
    mirror.sandbox.put_raw(doc_entry, Comments="written past SAP's business logic")

    report = mirror.sync(full=True)

    assert report.orders()["changed"] == 1
    assert mirror.exported() == mirror.expected()


def test_an_empty_company_is_a_complete_mirror(transactional_db):
    with mirrored(orders=0) as mirror:
        report = mirror.sync()

        assert (report.outcome, mirror.exported()) == ("complete", {})


def test_sparse_document_numbers_are_all_found(mirror):
    kept = {doc["DocEntry"] for doc in mirror.sandbox.orders()[::17]}
    for doc in mirror.sandbox.orders():
        if doc["DocEntry"] not in kept:
            mirror.sandbox.remove(doc["DocEntry"])
    mirror.page_size = 3

    mirror.sync()

    assert mirror.exported().keys() == kept


def test_orders_entered_during_a_first_load_are_found(mirror):
    mirror.page_size = 10

    mirror.sync(progress=lambda done, total: mirror.business(1))
    mirror.sync()

    assert mirror.exported() == mirror.expected()


def test_a_stopped_first_load_goes_on_where_it_was(mirror):
    mirror.page_size = 10
    seen = []

    first = mirror.sync(
        progress=lambda done, total: seen.append(done), stopping=lambda: len(seen) > 4
    )
    second = mirror.sync()

    assert first.outcome == "incomplete"
    assert second.orders()["created"] == 120 - first.orders()["created"]
    assert mirror.exported() == mirror.expected()


def test_progress_begins_where_the_stopped_load_ended(mirror):
    mirror.page_size = 10
    seen, resumed = [], []
    mirror.sync(progress=lambda done, total: seen.append(done), stopping=lambda: len(seen) > 4)

    mirror.sync(progress=lambda done, total: resumed.append((done, total)))

    assert resumed[0] == (seen[-1], 120)
    assert resumed[-1] == (120, 120)


def test_two_companies_do_not_mix(mirror):
    other = Company.objects.create(company_db="OTHER")
    mirror.sync()

    mirror.company = other

    assert mirror.exported() == {}
