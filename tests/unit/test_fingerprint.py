"""Hashes are equal when what they stand for is, in every process, and differ when it does."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordermirror.core.fingerprint import document_hash, light_hash
from ordermirror.records import LightOrder, light_of
from ordermirror.sap.wire_values import exact
from tests.unit.builders import make_order

AMOUNTS = st.none() | st.decimals(-(10**9), 10**9, places=6).map(exact)
TEXTS = st.none() | st.text(max_size=12) | st.sampled_from(["None", "|", "\\", "10:00:00", "a|b"])
LIGHTS = st.builds(
    LightOrder,
    doc_entry=st.integers(1, 9),
    update_date=st.none() | st.dates(),
    update_time=TEXTS,
    document_status=TEXTS,
    cancelled=st.booleans(),
    doc_total=AMOUNTS,
)
LIGHT = light_of(make_order())


def with_texts(update_time: str | None, document_status: str | None) -> LightOrder:
    return LIGHT._replace(update_time=update_time, document_status=document_status)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_documents_hash_alike_when_their_bytes_are_the_same(first, second):
    assert (document_hash(first) == document_hash(second)) == (first == second)


@given(st.binary(max_size=200))
def test_a_document_hashes_alike_wherever_its_bytes_lie(payload):
    assert document_hash(memoryview(b"[" + payload + b"]")[1:-1]) == document_hash(payload)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_document_of_which_one_bit_differs_hashes_otherwise(payload, data):
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    changed = bytearray(payload)
    changed[bit // 8] ^= 1 << bit % 8

    assert document_hash(bytes(changed)) != document_hash(payload)


@given(LIGHTS, LIGHTS)
@example(with_texts("a|b", "c"), with_texts("a", "b|c"))
@example(with_texts("a\\", "b"), with_texts("a", "\\|b"))
@example(with_texts(None, "a"), with_texts("None", "a"))
@example(with_texts("\\None", "a"), with_texts("None", "a"))
def test_light_rows_hash_alike_when_their_values_are_the_same(first, second):
    assert (light_hash(first) == light_hash(second)) == (first[1:] == second[1:])


@given(LIGHTS, st.data())
def test_a_light_row_of_which_one_value_differs_hashes_otherwise(light, data):
    name = data.draw(st.sampled_from(LightOrder._fields[1:]))
    other = getattr(data.draw(LIGHTS), name)

    same = light_hash(light._replace(**{name: other})) == light_hash(light)

    assert same == (other == getattr(light, name))


@given(LIGHTS, st.integers(1, 2**31 - 1))
def test_an_orders_number_is_no_part_of_its_light_hash(light, doc_entry):
    assert light_hash(light._replace(doc_entry=doc_entry)) == light_hash(light)


@given(LIGHTS, st.binary(max_size=50))
def test_hashes_fit_every_databases_bigint(light, payload):
    assert -(2**63) <= light_hash(light) < 2**63
    assert -(2**63) <= document_hash(payload) < 2**63


def test_a_total_hashes_alike_however_sap_writes_it():
    written = ["0", "0.0", "-0.0", "0E+3"]

    assert len({light_hash(LIGHT._replace(doc_total=exact(Decimal(it)))) for it in written}) == 1


IN_ANOTHER_PROCESS = """
from datetime import date
from decimal import Decimal
from ordermirror.core.fingerprint import document_hash, light_hash
from ordermirror.records import LightOrder

light = LightOrder(1, date(2026, 1, 5), "10:00:00", "open", False, Decimal("100.000000"))
print(document_hash(b'{"DocEntry":1}'), light_hash(light))
"""


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_another_process_and_another_release_find_the_same_hashes(seed):
    """They are stored: other ones would make every order be read again."""
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    light = LightOrder(1, date(2026, 1, 5), "10:00:00", "open", False, Decimal("100.000000"))

    assert done.stdout.split() == [str(document_hash(b'{"DocEntry":1}')), str(light_hash(light))]
    assert done.stdout.split() == ["1596775364285305468", "-7565392905319696093"]
