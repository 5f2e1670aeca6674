"""The simulator's database: the tests' own, emptied by the simulator itself."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Real transactions, since crashes and lost commits are what this is about."""
