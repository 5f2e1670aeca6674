"""`ordermirror user add --may`: which permissions the words stand for."""

from __future__ import annotations

import pytest

from ordermirror.cli.user import PERMISSIONS, _permissions

pytestmark = pytest.mark.django_db


def test_each_word_gives_exactly_one_permission():
    found = {
        word: [f"{it.content_type.app_label}.{it.codename}" for it in _permissions([word])]
        for word in PERMISSIONS
    }

    assert found["steer"] == ["ordermirror.steer"]
    assert [len(it) for it in found.values()] == [1] * 4


def test_no_word_gives_no_permission():
    assert list(_permissions([])) == []
