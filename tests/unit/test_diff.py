"""What differs between two versions of an order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordermirror.core.diff import Change, Fate, OrderDiff, diff_new, diff_order, plain
from ordermirror.errors import BadOrder
from tests.unit.builders import make_line, make_order


def test_an_order_does_not_differ_from_itself():
    diff = diff_order(make_order(), make_order())

    assert diff == OrderDiff(fate=Fate.UNCHANGED, header_changed=False)


def test_a_new_order_is_one_change_and_all_its_lines():
    order = make_order(lines=(make_line(0), make_line(1)))

    diff = diff_new(order)

    assert (diff.fate, diff.created_lines) == (Fate.CREATED, order.lines)
    assert [change.kind for change in diff.changes] == ["order_created"]


def test_a_header_field_is_told_from_and_to():
    diff = diff_order(make_order(doc_due_date=date(2026, 1, 9)), make_order(doc_due_date=None))

    assert (diff.fate, diff.header_changed) == (Fate.CHANGED, True)
    assert diff.changes == (
        Change(kind="header", field="doc_due_date", old="2026-01-09", new=None),
    )


def test_a_stamp_alone_is_written_but_is_no_news():
    diff = diff_order(make_order(), make_order(update_time="10:00:01"))

    assert (diff.fate, diff.header_changed, diff.changes) == (Fate.CHANGED, True, ())


def test_null_and_empty_text_differ():
    diff = diff_order(make_order(num_at_card=None), make_order(num_at_card=""))

    assert [(change.old, change.new) for change in diff.changes] == [(None, "")]


@pytest.mark.parametrize(
    ("before", "after", "fate"),
    [
        ({}, {"document_status": "closed"}, Fate.CLOSED),
        ({}, {"document_status": "closed", "cancelled": True}, Fate.CANCELLED),
        ({"document_status": "closed"}, {"cancelled": True, "document_status": "closed"},
         Fate.CANCELLED),
        ({"document_status": "closed"}, {}, Fate.REOPENED),
        ({"document_status": "closed", "cancelled": True}, {}, Fate.REOPENED),
        ({"document_status": "closed"}, {"document_status": "paid"}, Fate.CHANGED),
        ({}, {"document_status": "bost_Limbo"}, Fate.CLOSED),
        ({}, {"comments": "x"}, Fate.CHANGED),
    ],
)  # fmt: skip
def test_an_order_has_one_fate(before, after, fate):
    assert diff_order(make_order(**before), make_order(**after)).fate is fate


def test_lines_are_told_apart_by_line_num():
    kept, gone = make_line(0), make_line(1)
    edited, added = make_line(0, price=Decimal("3.000000")), make_line(2)

    diff = diff_order(make_order(lines=(kept, gone)), make_order(lines=(edited, added)))

    assert diff.created_lines == (added,)
    assert diff.changed_lines == (edited,)
    assert diff.removed_line_nums == (1,)
    assert [(change.kind, change.line_num) for change in diff.changes] == [
        ("line_changed", 0),
        ("line_added", 2),
        ("line_removed", 1),
    ]


def test_a_line_that_was_removed_returns():
    line = make_line(1)

    diff = diff_order(make_order(), make_order(lines=(make_line(0), line)), removed=[line])

    assert diff.created_lines == (line,)
    assert [change.kind for change in diff.changes] == ["line_returned"]


def test_an_order_that_has_lines_and_comes_without_is_refused():
    with pytest.raises(BadOrder, match="without them"):
        diff_order(make_order(), make_order(lines=()))


def test_a_new_order_without_lines_is_refused():
    with pytest.raises(BadOrder, match="without lines"):
        diff_new(make_order(lines=()))


texts = st.none() | st.text(max_size=5)
numbers = st.none() | st.decimals(-(10**6), 10**6, places=6)
lines = st.lists(
    st.builds(make_line, st.integers(0, 6), item_code=texts, quantity=numbers, price=numbers),
    min_size=1,
    unique_by=lambda line: line.line_num,
).map(lambda found: tuple(sorted(found, key=lambda line: line.line_num)))
orders = st.builds(make_order, comments=texts, doc_total=numbers, lines=lines)


@given(orders)
def test_any_order_does_not_differ_from_itself(order):
    assert diff_order(order, order).fate is Fate.UNCHANGED


@given(orders, orders)
def test_writing_the_difference_makes_the_stored_order_equal(stored, fetched):
    diff = diff_order(stored, fetched)

    written = {line.line_num: line for line in stored.lines}
    written |= {line.line_num: line for line in (*diff.created_lines, *diff.changed_lines)}
    for line_num in diff.removed_line_nums:
        del written[line_num]
    assert tuple(sorted(written.values(), key=lambda line: line.line_num)) == fetched.lines
    assert diff.header_changed == (stored[:-1] != fetched[:-1])


@pytest.mark.parametrize(
    ("number", "text"),
    [("1050.000000", "1050"), ("0.500000", "0.5"), ("0.000000", "0"), ("-0.000001", "-0.000001"),
     ("9007199254.740993", "9007199254.740993"), ("100", "100")],
)  # fmt: skip
def test_numbers_are_told_plainly(number, text):
    assert plain(Decimal(number)) == text
