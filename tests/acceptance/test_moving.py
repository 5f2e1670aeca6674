"""`ordermirror move-database`: everything arrives, exactly, and the refreshes go on from there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import oracle

APPROVED_IN = """
from ordermirror.owned.models import Approval
Approval.objects.update(doc_currency="{currency}")
"""


def moved_to(installation, url):
    return replace(
        installation, variables=installation.variables | {"ORDERMIRROR_DATABASE_URL": url}
    )


def test_every_row_arrives_and_refreshes_go_on_from_there(filled, sandbox, server):
    before, exported = filled.every_row(), filled.exported()

    done = filled.command("move-database", "--to", server)
    there = moved_to(filled, server)
    rows, equal = there.every_row(), there.exported() == exported
    sandbox.business(events=20)
    report = there.sync()

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"ORDERMIRROR_DATABASE_URL={server}"
    assert (rows == before, equal, filled.every_row() == before) == (True, True, True)
    assert (report["outcome"], report["first_load"]) == ("complete", False)
    assert there.exported() == oracle.expected_of(sandbox)


def test_new_rows_get_new_numbers_and_no_lease_is_held(loaded, server):
    loaded.command("move-database", "--to", server)

    told = moved_to(loaded, server).shell(
        "from ordermirror.models import Company, Lease;"
        "print(Company.objects.create(company_db='B').pk, repr(Lease.objects.get().holder))"
    )

    assert told.strip() == "2 ''"


def test_a_server_is_moved_back_to_a_file(filled, server, tmp_path):
    filled.command("move-database", "--to", server)
    there = moved_to(filled, server)
    file = f"sqlite:///{tmp_path / 'back.sqlite3'}"

    done = there.command("move-database", "--to", file)

    assert done.returncode == 0, done.stderr
    assert moved_to(filled, file).every_row() == filled.every_row()


def test_a_database_that_is_not_empty_is_refused(loaded, server):
    loaded.command("move-database", "--to", server)

    again = loaded.command("move-database", "--to", server)

    assert (again.returncode, "is not empty" in again.stderr) == (2, True)


def test_a_move_that_fails_keeps_nothing_and_can_be_begun_anew(filled, server):
    """SQLite keeps texts of any length; a server refuses this one."""
    filled.shell(APPROVED_IN.format(currency="x" * 99))
    failed = filled.command("move-database", "--to", server)
    filled.shell(APPROVED_IN.format(currency="AED"))

    again = filled.command("move-database", "--to", server)

    assert (failed.returncode, "nothing was moved" in failed.stderr) == (1, True)
    assert again.returncode == 0, again.stderr


def test_a_running_refresh_is_not_cut_in_two(loaded, server):
    loaded.shell(
        "from ordermirror.models import Lease; from django.db.models.functions import Now;"
        "from datetime import timedelta;"
        "Lease.objects.update(holder='elsewhere:1', expires_at=Now() + timedelta(minutes=5))",
    )

    done = loaded.command("move-database", "--to", server)

    assert (done.returncode, "stop `ordermirror run`" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("oracle://host/name", "use sqlite:///path/to/file"),
        ("postgresql://nobody@127.0.0.1:1/none", "can't be reached"),
        ("sqlite:///{data_dir}/ordermirror.sqlite3", "that is the database that is in use now"),
    ],
)
def test_a_wrong_url_is_told_as_such(installation, url, told):
    installation.sync()

    done = installation.command("move-database", "--to", url.format(data_dir=installation.data_dir))

    assert (done.returncode, told in done.stderr) == (2, True)


def test_an_empty_mirror_is_not_moved(installation, server):
    installation.command("migrate")

    done = installation.command("move-database", "--to", server)

    assert (done.returncode, "nothing to move" in done.stderr) == (2, True)
