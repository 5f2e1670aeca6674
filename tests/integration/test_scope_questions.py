"""Questions about some customers, and about orders that go back to a day."""

from __future__ import annotations

from datetime import date

import pytest

from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.sandbox import predicate
from tests.support import V1, mirrored

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.one_database(reason="questions to SAP store nothing"),
]
TWO = ("C00001", "C00002")
SINCE = date(2025, 7, 1)


@pytest.fixture(params=[V1, 2])
def mirror(request):
    with mirrored(version=request.param, orders=120, customers=8) as made:
        yield made


def asking(mirror, scope, loaded=None):
    source = mirror.source()
    source.scope, source.loaded = scope, scope if loaded is None else loaded
    return source


def entries(mirror, scope):
    return {
        doc["DocEntry"]
        for doc in mirror.sandbox.orders()
        if scope.holds(
            doc["CardCode"],
            doc["DocDate"],
            is_open=doc["DocumentStatus"] == "bost_Open",
        )
    }


def documents(batches):
    return {document.doc_entry for batch in batches for document in batch.documents}


def rows(pages):
    return {row.doc_entry for page in pages for row in page}


@pytest.mark.parametrize(
    "scope", [Scope(customers=TWO), Scope(since=SINCE), Scope(customers=TWO, since=SINCE)]
)
def test_a_load_asks_for_the_scope_alone(mirror, scope):
    source = asking(mirror, scope)
    newest = source.newest(not_after=date(2026, 2, 1))

    found = documents(source.load(after=0, highest=newest.doc_entry))

    assert found == entries(mirror, scope)
    assert 0 < newest.count == len(found) < len(mirror.sandbox.orders())


def test_open_orders_are_asked_for_however_old(mirror):
    scope = Scope(customers=TWO, since=date(2027, 1, 1))

    assert rows(asking(mirror, scope).open()) == entries(mirror, scope) != set()


def test_changes_of_other_customers_are_not_asked_for(mirror):
    source = asking(mirror, Scope(customers=TWO))

    found = rows(source.changed(since=date(2020, 1, 1), above=0))

    assert found == entries(mirror, source.scope)


def test_anchors_are_shown_whoever_their_customer_is(mirror):
    other = min(entries(mirror, EVERYTHING) - entries(mirror, Scope(customers=TWO)))

    pages = asking(mirror, Scope(customers=TWO)).changed(
        since=date(2027, 1, 1), above=10**6, anchors=[other]
    )

    [row] = [row for page in pages for row in page]
    assert (row.doc_entry, row.anchor.doc_entry) == (other, other)


@pytest.mark.parametrize(
    ("scope", "loaded"),
    [
        (Scope(customers=TWO), Scope(customers=TWO[:1])),
        (Scope(customers=TWO), Scope(customers=())),
        (EVERYTHING, Scope(customers=TWO)),
        (EVERYTHING, Scope(since=SINCE)),
        (EVERYTHING, Scope(customers=TWO, since=SINCE)),
        (Scope(customers=TWO, since=SINCE), Scope(customers=TWO[:1], since=date(2025, 10, 1))),
    ],
)
def test_a_backfill_reads_exactly_what_is_lacking(mirror, scope, loaded):
    found = documents(asking(mirror, scope, loaded).backfill(after=0))

    assert found == entries(mirror, scope) - entries(mirror, loaded) != set()


def test_a_backfill_goes_on_where_it_was(mirror):
    lacking = sorted(entries(mirror, Scope(customers=TWO)))
    source = asking(mirror, Scope(customers=TWO), Scope(customers=()))

    assert sorted(documents(source.backfill(after=lacking[3]))) == lacking[4:]


def test_a_card_code_that_sap_compares_without_case_is_left_out(mirror, monkeypatch):
    """As on SQL Server, whose usual collation does not tell cases apart."""
    entry = min(entries(mirror, Scope(customers=TWO)))
    mirror.sandbox.put_raw(entry, CardCode="c00001")
    alike = lambda found, text: found.lower().startswith(text.lower())  # noqa: E731
    monkeypatch.setitem(predicate._TEXT, "startswith", alike)

    found = rows(asking(mirror, Scope(customers=TWO)).changed(since=date(2020, 1, 1), above=0))

    assert found == entries(mirror, Scope(customers=TWO))
    assert entry not in found


def test_card_codes_are_asked_for_only_when_some_customers_are_mirrored(mirror):
    rows(asking(mirror, EVERYTHING).open())
    rows(asking(mirror, Scope(customers=TWO)).open())

    lights = [it.query for it in mirror.sandbox.requests if it.path.endswith("/Orders")]
    assert ["CardCode" in query for query in lights] == [False] * (len(lights) - 1) + [True]
