"""A later version meets a filled database. There is one migration so far; a second is made up."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tests import oracle

ROOT = Path(__file__).parent.parent.parent


def later(installation):
    """The same installation after the program was upgraded."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    upgraded = {"DJANGO_SETTINGS_MODULE": "tests.later.settings", "PYTHONPATH": path}
    return replace(installation, variables=installation.variables | upgraded)


def test_a_later_version_refuses_to_run_until_a_person_migrates(filled):
    upgraded = later(filled)

    refused = upgraded.command("sync")

    assert (refused.returncode, "lacks 1 migrations; run" in refused.stderr) == (2, True)


def test_a_migration_harms_no_row_and_refreshes_go_on(filled_anywhere, sandbox):
    before, upgraded = filled_anywhere.every_row(), later(filled_anywhere)

    migrated = upgraded.command("migrate")
    after = upgraded.every_row()
    sandbox.business(events=20)
    report = upgraded.sync()

    assert migrated.stdout.strip() == "1 migrations applied."
    assert after == before
    assert (report["outcome"], report["first_load"]) == ("complete", False)
    assert upgraded.exported() == oracle.expected_of(sandbox)
