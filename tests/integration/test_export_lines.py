"""Lines alone, for lists of what is still to be delivered."""

from __future__ import annotations

from decimal import Decimal

from ordermirror.export import exported_lines


def lines_of(orders):
    """Of exported orders: those that SAP sends now."""
    return [
        {"doc_num": order["doc_num"], **line}
        for order in orders
        for line in order["lines"]
        if line["removed_at"] is None
    ]


def told(line):
    return line["doc_num"], line["line_num"], line["pending_amount"]


def test_lines_come_in_the_order_of_orders(mirror):
    mirror.sync()

    lines = list(exported_lines(mirror.company.pk))

    assert [told(it) for it in lines] == [told(it) for it in lines_of(mirror.export())]
    assert lines[0]["card_code"] == mirror.export()[0]["card_code"]


def test_open_lines_come_with_the_largest_amount_first(mirror):
    mirror.sync()
    still_open = [it for it in lines_of(mirror.export()) if it["line_status"] == "open"]

    lines = list(exported_lines(mirror.company.pk, open_only=True))

    amounts = [Decimal(line["pending_amount"]) for line in lines]
    assert sorted(map(told, lines)) == sorted(map(told, still_open))
    assert amounts == sorted(amounts, reverse=True)


def test_most_cuts_after_the_largest(mirror):
    mirror.sync()

    lines = list(exported_lines(mirror.company.pk, open_only=True))

    assert list(exported_lines(mirror.company.pk, open_only=True, most=3)) == lines[:3]


def test_lines_of_an_item(mirror):
    mirror.sync()
    expected = lines_of(mirror.export())
    item = expected[0]["item_code"]

    lines = list(exported_lines(mirror.company.pk, item=item))

    assert [told(it) for it in lines] == [told(it) for it in expected if it["item_code"] == item]


def test_lines_that_sap_no_longer_sends_are_left_out(mirror):
    mirror.sync()
    order = next(it for it in mirror.sandbox.orders() if len(it["DocumentLines"]) > 2)
    mirror.sandbox.edit(order["DocEntry"], DocumentLines=order["DocumentLines"][:-1])

    mirror.sync()

    lines = exported_lines(mirror.company.pk)
    numbers = [it["line_num"] for it in lines if it["doc_entry"] == order["DocEntry"]]
    assert numbers == [line["LineNum"] for line in order["DocumentLines"][:-1]]
