"""The same story on every database ends with the same rows, and equal to its source."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.acceptance.engines import FOUND
from tests.acceptance.support import Installation

ROOT = Path(__file__).parents[2]
SETTINGS = "ordermirror.project.settings"
SERVERS = {engine.name: engine for engine in FOUND}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What the story left behind on a database, by the engine's name; each is played once."""
    told: dict[str, dict] = {}

    def play(name: str) -> dict:
        if name not in told:
            told[name] = _play(name, tmp_path_factory.mktemp(name))
        return told[name]

    return play


def _play(name: str, folder: Path) -> dict:
    installation = Installation(folder, "")
    with SERVERS[name].database() if name in SERVERS else nullcontext("") as url:
        told = folder / "told.json"
        ended = subprocess.run(
            [sys.executable, "-m", "tests.acceptance.one_story", told],
            env=installation.environment()
            | {"ORDERMIRROR_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": SETTINGS},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    return json.loads(told.read_text(encoding="utf-8"))


def first_difference(name: str, one: list, other: list) -> str:
    """In words, down to the columns that differ; empty when all rows are equal."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            keys = [key for key in left | right if left.get(key) != right.get(key)]
            told = "; ".join(f"{key}: {left.get(key)!r} / {right.get(key)!r}" for key in keys)
            return f"{name}, row {number} ({left.get('doc_entry', left.get('id'))}): {told}"
    return "" if len(one) == len(other) else f"{name}: {len(one)} rows / {len(other)} rows"


def test_the_story_has_everything_in_it(played):
    """What never happens in it would be equal everywhere."""
    told = played("sqlite")

    rows, reports = told["rows"], told["reports"]
    outcomes = Counter(report.get("outcome", "killed") for report in reports)
    assert len(reports) == 104
    assert set(outcomes) == {"complete", "incomplete", "failed", "killed"}
    assert {change["kind"] for change in rows["OrderChange"]} == {
        "order_created", "header", "line_added", "line_changed", "line_removed", "line_returned"
    }  # fmt: skip
    assert sum(report.get("silent_changes", 0) for report in reports) > 10
    assert {"changed", "closed", "reopened", "cancelled", "quarantined", "torn"} < {
        read["decision"] for read in rows["ReadLog"]
    }
    assert len(told["vanished"]) == 1
    assert all(len(rows[name]) > 40 for name in ("OrderNote", "Approval", "LinePrice"))


@pytest.mark.parametrize("engine", ["sqlite", *SERVERS])
def test_the_story_ends_equal_to_its_source(played, engine):
    told = played(engine)

    assert first_difference("order", told["mirrored"], told["source"]) == ""
    assert [report["rows_written"] for report in told["reports"][-1:]] == [0]


@pytest.mark.parametrize("engine", SERVERS)
def test_the_story_is_the_same_on_every_database_row_for_row(played, engine):
    one, other = played("sqlite"), played(engine)

    found = [first_difference("report", one["reports"], other["reports"])]
    found += [
        first_difference(name, one["rows"][name], other["rows"][name]) for name in one["rows"]
    ]
    found.append(first_difference("export", one["export"], other["export"]))
    assert [difference for difference in found if difference] == []
