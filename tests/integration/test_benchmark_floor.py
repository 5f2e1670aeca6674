"""What the benchmark compares a first load with stores what SAP has, too."""

from __future__ import annotations

import pytest
from benchmarks import bulk_create, floor

from tests.support import mirrored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("insert", [floor.plainest, bulk_create.upsert])
def test_a_plain_load_is_exact(insert):
    with mirrored(orders=30) as mirror:
        floor.load(mirror.company, mirror.source(), insert)

        assert mirror.exported() == mirror.expected()


def test_what_bulk_create_loads_twice_stays_as_it_was():
    with mirrored(orders=30) as mirror:
        floor.load(mirror.company, mirror.source(), bulk_create.upsert)
        floor.load(mirror.company, mirror.source(), bulk_create.upsert)

        assert mirror.exported() == mirror.expected()
