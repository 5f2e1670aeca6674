"""What people enter outlives whatever a sync does: the faults F9 to F16, each with its story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from ordermirror.models import OrderLine, SalesOrder, order_id
from ordermirror.owned.models import Approval, LinePrice, OrderNote
from ordermirror.owned.writing import Basis, By, add_note, decide, revise_price

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AMAL = By("amal", AT)
MINUTES = timedelta(minutes=5)


@pytest.fixture
def document(mirror):
    """An open order of the mirror, as SAP has it, about which everything has been entered."""
    mirror.sync()
    found = next(
        doc
        for doc in reversed(mirror.sandbox.orders())
        if doc["DocumentStatus"] == "bost_Open"
        and sum(line["LineStatus"] == "bost_Open" for line in doc["DocumentLines"]) >= 2
    )
    enter(mirror, found)
    return found


def enter(mirror, document):
    """A note, an approval and a revised price of the first line, by Amal."""
    order = key(mirror, document)
    line = document["DocumentLines"][0]
    basis = Basis(SalesOrder.objects.get(pk=order).doc_total, document["DocCurrency"], 1)
    add_note(order, "Call before delivery", AMAL)
    assert decide(order, "approved", "As agreed", AMAL, basis=basis, seen=0)
    assert revise_price(
        order, line["LineNum"], Decimal("0.5"), AMAL, item_code=line["ItemCode"],
        currency=document["DocCurrency"], seen=0,
    )  # fmt: skip


def key(mirror, document):
    return order_id(mirror.company.pk, document["DocEntry"])


def entered():
    """Every row that people wrote, whole."""
    return [list(model.objects.values()) for model in (OrderNote, Approval, LinePrice)]


def page(client, mirror, document):
    return client.get(reverse("order", args=("SBODEMO", document["DocEntry"]))).content.decode()


def test_values_survive_an_edit_of_the_order(mirror, document):
    before = entered()
    mirror.sandbox.edit(document["DocEntry"], NumAtCard="PO-4711", Comments="From SAP")

    mirror.sync()

    assert entered() == before


def test_values_survive_a_full_load(mirror, document):
    before = entered()

    mirror.sync(full=True)

    assert entered() == before


def test_price_survives_its_line_being_removed_and_returning(mirror, document, admin_client):
    before = entered()
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=document["DocumentLines"][1:])
    mirror.sync()
    removed = page(admin_client, mirror, document)
    mirror.sandbox.advance(MINUTES)
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=document["DocumentLines"])

    mirror.sync()

    assert entered() == before
    assert "SAP no longer sends this line" in removed
    assert "not applied" not in page(admin_client, mirror, document)


def test_values_survive_an_order_that_vanished(mirror, document, admin_client):
    before = entered()
    mirror.sandbox.remove(document["DocEntry"])

    mirror.sync()
    mirror.sync(full=True)

    assert entered() == before
    assert "Call before delivery" in page(admin_client, mirror, document)


def test_values_survive_many_rounds_of_business(mirror, document):
    before = entered()

    for _round in range(20):
        mirror.business(events=5)
        mirror.sync()

    assert entered() == before


def test_fault_F09_an_approval_survives_the_order_closing_and_reopening(mirror, document):
    """Closing an order overwrote its approval; when the order came back, the approval did not."""
    before = entered()
    mirror.sandbox.put_raw(document["DocEntry"], DocumentStatus="bost_Close")
    mirror.sync()
    closed = SalesOrder.objects.get(pk=key(mirror, document)).document_status
    mirror.sandbox.advance(MINUTES)
    mirror.sandbox.edit(document["DocEntry"], DocumentStatus="bost_Open")

    mirror.sync()

    assert closed == "closed"
    assert SalesOrder.objects.get(pk=key(mirror, document)).document_status == "open"
    assert entered() == before


def test_fault_F10_reading_pages_writes_nothing(
    mirror, document, admin_client, django_assert_max_num_queries
):
    """Opening an order's page rewrote its stored status."""
    with django_assert_max_num_queries(30) as asked:
        for address in ("/orders/", reverse("order", args=("SBODEMO", document["DocEntry"]))):
            assert admin_client.get(address).status_code == 200

    assert [query for query in asked if not query["sql"].lstrip("(").startswith("SELECT")] == []


def test_fault_F11_a_decision_made_during_a_refresh_stays(mirror, document):
    """A sync wrote back the approval it had read at its start; a decision in between was lost."""
    mirror.sandbox.edit(document["DocEntry"], NumAtCard="PO-4711")
    order, basis = key(mirror, document), Basis(None, "", None)
    decided = []
    mirror.on_by_key = lambda batch: decided.append(
        decide(order, "rejected", "", AMAL, basis=basis, seen=1)
    )

    mirror.sync()

    assert decided == [True]
    assert SalesOrder.objects.get(pk=order).num_at_card == "PO-4711"
    assert Approval.objects.get(order=order).state == "rejected"


def test_fault_F11_of_two_decisions_made_on_one_state_the_later_is_refused(mirror, document):
    """Two people, or a person and a program, saved over each other without noticing."""
    order, basis = key(mirror, document), Basis(None, "", None)

    answers = [decide(order, state, "", AMAL, basis=basis, seen=1) for state in ("rejected", "x")]

    assert answers == [True, False]
    assert Approval.objects.get(order=order).state == "rejected"


def test_fault_F12_a_price_is_not_applied_to_another_item(mirror, document, admin_client):
    """A line's item was exchanged, and the price for the old item silently held for the new one."""
    before = entered()
    first, *rest = document["DocumentLines"]
    mirror.sandbox.edit(
        document["DocEntry"], DocumentLines=[first | {"ItemCode": "OTHER-1"}, *rest]
    )

    mirror.sync()

    html = page(admin_client, mirror, document)
    assert OrderLine.objects.filter(order=key(mirror, document), item_code="OTHER-1").exists()
    assert f"entered for {first['ItemCode']}; the line is OTHER-1 now" in html
    assert "not applied" in html
    assert entered() == before


def test_fault_F15_what_people_wrote_on_a_line_and_an_order_is_not_rebuilt(mirror, document):
    """Every sync built the lines anew: the user's 0.5 became 1.00 and the remark SAP's comment."""
    lines = [line | {"Quantity": line["Quantity"] + 1} for line in document["DocumentLines"]]
    mirror.sandbox.edit(document["DocEntry"], DocumentLines=lines)

    mirror.sync()

    assert LinePrice.objects.get().price == Decimal("0.5")
    assert OrderNote.objects.get().text == "Call before delivery"


def test_fault_F16_a_remark_stays_beside_saps_and_a_rejected_order_stays_rejected(mirror, document):
    """The user's remark was overwritten by SAP's comment, and what was closed by hand re-opened."""
    order = key(mirror, document)
    decide(order, "rejected", "Not at this price", AMAL, basis=Basis(None, "", None), seen=1)
    mirror.sandbox.edit(document["DocEntry"], Comments="SAP's own comment")

    mirror.sync()
    mirror.sync(full=True)

    decided = Approval.objects.get(order=order)
    assert (decided.state, decided.remark) == ("rejected", "Not at this price")
    assert SalesOrder.objects.get(pk=order).comments == "SAP's own comment"
