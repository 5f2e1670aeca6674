"""A later version meets a filled database: the migrations there are, and one that is made up."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tests import oracle

ROOT = Path(__file__).parent.parent.parent


HELD = """
from datetime import timedelta
from django.utils import timezone
from ordermirror.models import Lease
Lease.objects.update(holder="elsewhere:1", expires_at=timezone.now() + timedelta(minutes=4))
"""


def later(installation, settings="tests.later.settings"):
    """The same installation after the program was upgraded."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    upgraded = {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": path}
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


def test_an_upgrade_backs_up_migrates_and_leads_back(filled, sandbox):
    before, upgraded = filled.every_row(), later(filled)

    done = upgraded.command("upgrade")
    after = upgraded.every_row()
    (backup,) = filled.data_dir.glob("ordermirror.sqlite3.before-upgrade-*")
    report = upgraded.sync()
    filled.command("restore", str(backup))

    assert (done.returncode, done.stderr) == (0, "")
    assert "applies ordermirror.0002_later" in done.stdout
    assert str(backup) in done.stdout
    assert after == before
    assert report["outcome"] == "complete"
    assert filled.every_row() == before


def test_a_dry_run_tells_what_an_upgrade_would_do_and_does_nothing(filled):
    upgraded = later(filled)

    told = upgraded.command("upgrade", "--dry-run").stdout

    assert "would apply ordermirror.0002_later" in told
    assert "would back up to" in told
    assert not list(filled.data_dir.glob("*before-upgrade*"))
    assert upgraded.command("status").returncode == 2


def test_an_upgraded_database_has_nothing_to_upgrade(loaded):
    done = loaded.command("upgrade")

    assert (done.returncode, done.stdout.strip()) == (0, "The database is up to date.")


def test_a_program_that_is_older_than_its_database_touches_nothing(filled):
    later(filled).command("upgrade")

    refused = [filled.command(word) for word in ("sync", "status", "migrate", "upgrade")]

    assert [done.returncode for done in refused] == [2] * 4
    told = "a newer version of OrderMirror has changed this database (ordermirror.0002_later)"
    assert all(told in done.stderr for done in refused)


def test_an_upgrade_that_fails_changes_nothing_and_says_how_to_go_back(filled):
    before = filled.every_row()

    done = later(filled, "tests.later.broken_settings").command("upgrade")

    assert done.returncode == 1
    assert "the upgrade failed (ValueError)" in done.stderr
    assert "ordermirror restore" in done.stderr
    assert "Canary" not in done.stdout + done.stderr
    assert filled.every_row() == before
    assert filled.sync()["outcome"] == "complete"


def test_no_upgrade_begins_while_a_run_writes(loaded):
    loaded.shell(HELD)

    done = later(loaded).command("upgrade")

    assert (done.returncode, "stop `ordermirror run`" in done.stderr) == (3, True)
    assert not list(loaded.data_dir.glob("*before-upgrade*"))


def test_a_database_on_a_server_is_upgraded_when_somebody_says_it_is_backed_up(
    installation, server
):
    installation.variables["ORDERMIRROR_DATABASE_URL"] = server
    first = installation.command("upgrade")
    installation.sync()
    upgraded = later(installation)

    refused, done = upgraded.command("upgrade"), upgraded.command("upgrade", "--backed-up")

    assert (first.returncode, refused.returncode, done.returncode) == (0, 2, 0)
    assert "dump" in refused.stderr
    assert upgraded.sync()["outcome"] == "complete"
