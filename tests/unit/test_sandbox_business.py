"""The sandbox's made-up company stays consistent, whatever happens to it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from ordermirror.sandbox import DELETE, Sandbox, SandboxOptions

TODAY = date(2026, 11, 2)
EVENTS = {
    "new", "edit", "edit_line", "remove_line", "deliver_partial", "deliver_full", "close",
    "cancel", "reopen", "return_",
}  # fmt: skip


def make_sandbox(**options):
    return Sandbox(SandboxOptions(**{"orders": 300, "today": TODAY, **options}))


@pytest.fixture(scope="module")
def busy():
    """A company after 500 events."""
    sandbox = make_sandbox()
    sandbox.happened = sandbox.business(500)
    return sandbox


def total(order, name):
    return sum((line[name] for line in order["DocumentLines"]), Decimal(0))


def test_every_kind_of_event_happens(busy):
    assert {event.kind for event in busy.happened} == EVENTS


def test_header_totals_are_the_sums_of_the_lines(busy):
    for order in busy.orders():
        net = total(order, "LineTotal") - order["TotalDiscount"]

        assert order["VatSum"] == total(order, "TaxTotal")
        assert order["DocTotal"] == net + order["VatSum"] + order["RoundingDiffAmount"]


def test_foreign_totals_are_zero_in_local_currency_and_sums_in_others(busy):
    for order in busy.orders():
        foreign = total(order, "RowTotalFC") + total(order, "NetTaxAmountFC")

        assert order["DocTotalFc"] == foreign - order["TotalDiscountFC"]
        assert (order["DocTotalFc"] == 0) is (order["DocCurrency"] == "AED")


def test_an_open_order_has_an_open_line_and_a_closed_one_has_none(busy):
    for order in busy.orders():
        statuses = [line["LineStatus"] for line in order["DocumentLines"]]

        assert ("bost_Open" in statuses) is (order["DocumentStatus"] == "bost_Open")


def test_open_quantities_lie_between_nothing_and_everything(busy):
    for order in busy.orders():
        for line in order["DocumentLines"]:
            assert 0 <= line["RemainingOpenQuantity"] <= line["Quantity"]


def test_closed_lines_have_nothing_open(busy):
    lines = [line for order in busy.orders() for line in order["DocumentLines"]]

    closed = [line for line in lines if line["LineStatus"] == "bost_Close"]

    assert {line["RemainingOpenQuantity"] for line in closed} == {0}
    assert {line["OpenAmount"] for line in closed} == {0}


def test_line_numbers_are_unique_within_an_order(busy):
    for order in busy.orders():
        numbers = [line["LineNum"] for line in order["DocumentLines"]]

        assert len(set(numbers)) == len(numbers)


def test_cancelled_orders_are_closed(busy):
    cancelled = [order for order in busy.orders() if order["Cancelled"] == "tYES"]

    assert cancelled
    assert {order["DocumentStatus"] for order in cancelled} == {"bost_Close"}
    assert {order["CancelStatus"] for order in cancelled} == {"csYes"}


def test_what_remains_open_is_what_was_ordered_less_what_was_delivered():
    sandbox = make_sandbox(orders=1, open_share=0)
    sandbox.business(300)

    gone = delivered_by_line(sandbox)

    for order in sandbox.orders():
        for line in order["DocumentLines"]:
            if line["LineStatus"] == "bost_Open":
                delivered = gone.get((order["DocEntry"], line["LineNum"]), 0)
                assert line["RemainingOpenQuantity"] == line["Quantity"] - delivered


def delivered_by_line(sandbox):
    """From the documents themselves; a delivery given back is closed."""
    gone = {}
    for note in sandbox.rows("DeliveryNotes") + sandbox.rows("Invoices"):
        if note["DocumentStatus"] == "bost_Open":
            for line in note["DocumentLines"]:
                key = (line["BaseEntry"], line["BaseLine"])
                gone[key] = gone.get(key, 0) + line["Quantity"]
    return gone


def test_deliveries_name_the_order_they_are_drawn_from(busy):
    entries = {order["DocEntry"] for order in busy.orders()}

    lines = [line for note in busy.rows("Invoices") for line in note["DocumentLines"]]

    assert lines
    assert {line["BaseType"] for line in lines} == {17}
    assert {line["BaseEntry"] for line in lines} <= entries


def test_returns_name_the_delivery_they_are_drawn_from(busy):
    lines = [line for note in busy.rows("Returns") for line in note["DocumentLines"]]

    assert lines
    assert {line["BaseType"] for line in lines} == {15}


def test_every_amount_is_written_with_a_decimal_digit(busy):
    for order in busy.orders():
        numbers = [value for value in order.values() if isinstance(value, Decimal)]
        for line in order["DocumentLines"]:
            numbers += [value for value in line.values() if isinstance(value, Decimal)]

        assert all("." in str(number) and "E" not in str(number) for number in numbers)


def test_the_same_seed_makes_the_same_company_and_the_same_business():
    first, second = make_sandbox(), make_sandbox()

    events = first.business(100), second.business(100)

    assert events[0] == events[1]
    assert first.orders() == second.orders()


def test_another_seed_makes_another_company():
    assert make_sandbox(seed=1).orders() != make_sandbox(seed=2).orders()


def test_as_many_orders_are_open_as_were_wished_for():
    orders = make_sandbox(orders=1000, open_share=0.35).orders()

    assert sum(order["DocumentStatus"] == "bost_Open" for order in orders) == 350


def test_history_has_its_oddities():
    orders = make_sandbox(orders=1000).orders()

    numbers = [order["DocNum"] for order in orders]
    comments = [order["Comments"] or "" for order in orders]
    assert len(set(numbers)) < len(numbers)
    assert None in {order["UpdateTime"] for order in orders}
    assert {None, ""} < {order["NumAtCard"] for order in orders}
    assert any("\r" in text and "\n" not in text for text in comments)
    assert any("\r\n" in text for text in comments)
    assert any(line["ItemCode"] is None for order in orders for line in order["DocumentLines"])
    assert any(order["DocumentSpecialLines"] for order in orders)
    assert {order["DocCurrency"] for order in orders} == {"AED", "USD", "KWD"}


@pytest.mark.parametrize("bump_on", [frozenset(), frozenset({"edit"}), frozenset({"close"})])
def test_only_the_chosen_events_move_the_stamp(bump_on):
    sandbox = make_sandbox(orders=40, bump_on=bump_on)

    for _ in range(100):
        before = {order["DocEntry"]: stamp_of(order) for order in sandbox.company.orders}
        [event] = sandbox.business(1)
        moved = stamp_of(sandbox.order(event.doc_entry)) != before.get(event.doc_entry)

        assert moved is event.visible
        if event.kind != "new":
            name = "edit" if event.kind in ("edit", "edit_line", "remove_line") else event.kind
            assert event.visible is (name in bump_on)


def stamp_of(order):
    return order["UpdateDate"], order["UpdateTime"]


def test_the_clock_moves_with_business_and_days_pass():
    sandbox = make_sandbox()

    sandbox.business(1000)

    assert sandbox.company.now > datetime(2026, 11, 4)


def test_a_line_closed_by_hand_may_keep_its_open_quantity():
    sandbox = make_sandbox(closed_line_keeps_open_quantity=True)

    closed = {event.doc_entry for event in sandbox.business(300) if event.kind == "close"}

    lines = [
        line
        for order in map(sandbox.order, closed)
        if order["DocumentStatus"] == "bost_Close"
        for line in order["DocumentLines"]
    ]
    assert any(line["RemainingOpenQuantity"] > 0 for line in lines)


def test_edit_stamps_the_order():
    sandbox = make_sandbox()

    order = sandbox.edit(5, Comments="changed")

    assert order["Comments"] == "changed"
    assert order["UpdateDate"] == TODAY


def test_put_raw_changes_an_order_without_a_stamp():
    sandbox = make_sandbox()
    before = sandbox.order(5)

    sandbox.put_raw(5, DocTotal="abc", Comments=DELETE)

    expected = {**before, "DocTotal": "abc"}
    del expected["Comments"]
    assert sandbox.order(5) == expected


def test_business_leaves_odd_orders_alone():
    sandbox = make_sandbox(orders=20, open_share=1)
    for order in sandbox.orders():
        sandbox.put_raw(order["DocEntry"], DocumentLines=DELETE)

    events = sandbox.business(3)

    assert events[0].kind == "new"


def test_a_copy_can_be_changed_without_changing_the_company():
    sandbox = make_sandbox()

    sandbox.order(5)["DocumentLines"][0]["Quantity"] = "broken"

    assert sandbox.order(5)["DocumentLines"][0]["Quantity"] != "broken"


def test_a_removed_order_is_gone():
    sandbox = make_sandbox()

    sandbox.remove(5)

    assert 5 not in {order["DocEntry"] for order in sandbox.orders()}
