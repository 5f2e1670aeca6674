"""What an older version of the mapping read, as if today's had read it."""

from __future__ import annotations

from ordermirror.core import mapping
from ordermirror.records import HEADER_FIELDS, LINE_FIELDS
from tests.unit.builders import make_line, make_order

FIELDS = {*HEADER_FIELDS, *(f"lines.{name}" for name in LINE_FIELDS)}


def test_only_fields_are_declared_to_be_read_differently():
    declared = frozenset().union(*mapping.REMAPPED_FIELDS.values())

    assert declared <= FIELDS
    assert all(1 < version <= mapping.VERSION for version in mapping.REMAPPED_FIELDS)


def test_fields_of_all_versions_since_are_taken_from_the_fetched_order(monkeypatch):
    fields = {2: {"card_name"}, 3: {"lines.item_code"}, 4: {"comments"}}
    monkeypatch.setattr(mapping, "REMAPPED_FIELDS", fields)
    stored = make_order(card_name="a", comments="a", lines=(make_line(0), make_line(1)))
    fetched = make_order(card_name="b", comments="b", lines=(make_line(1, item_code="b"),))

    as_now = mapping.as_read_now(stored, fetched, version=2)

    assert as_now == make_order(
        card_name="a", comments="b", lines=(make_line(0), make_line(1, item_code="b"))
    )
