"""Our database goes back to a backup, SAP does not: the next refresh makes them equal again."""

from __future__ import annotations

import sqlite3
import subprocess
from urllib.parse import urlsplit

import pytest

from tests import oracle
from tests.acceptance.support import Installation

NOTES = "from ordermirror.owned.models import OrderNote as N; print(N.objects.count())"
NOTE = (
    "from datetime import datetime, timezone; from ordermirror.owned.models import OrderNote;"
    "OrderNote.objects.create(order=1, author='amal', text='new', at=datetime.now(timezone.utc))"
)


def back_up(installation, file):
    url = installation.variables["ORDERMIRROR_DATABASE_URL"]
    if url.startswith("postgresql"):
        run(["pg_dump", "--format=custom", f"--file={file}", url])
    elif url:
        with file.open("wb") as output:
            run(["mariadb-dump", "--single-transaction", *where(url)], stdout=output)
    else:
        done(installation.command("backup", str(file)))


def restore(installation, file):
    url = installation.variables["ORDERMIRROR_DATABASE_URL"]
    if url.startswith("postgresql"):
        run(["pg_restore", "--clean", "--if-exists", "--single-transaction",
             f"--dbname={url}", str(file)])  # fmt: skip
    elif url:
        with file.open("rb") as typed:
            run(["mariadb", *where(url)], stdin=typed)
    else:
        done(installation.command("restore", str(file)))


def where(url):
    parts = urlsplit(url)
    return [f"--host={parts.hostname}", f"--port={parts.port}", f"--user={parts.username}",
            f"--password={parts.password or ''}", parts.path.strip("/")]  # fmt: skip


def run(words, **streams):
    subprocess.run(words, check=True, timeout=120, **streams)


def done(command):
    assert command.returncode == 0, command.stderr
    return command


def test_a_restored_backup_is_refreshed_to_equal_the_source(filled_anywhere, sandbox, tmp_path):
    backup, saved = tmp_path / "backup", filled_anywhere.every_row()
    back_up(filled_anywhere, backup)
    for _ in range(3):
        sandbox.business(events=20)
        filled_anywhere.sync()

    restore(filled_anywhere, backup)
    restored = filled_anywhere.every_row()
    report = filled_anywhere.sync()

    assert restored == saved
    assert (report["outcome"], report["first_load"]) == ("complete", False)
    assert filled_anywhere.exported() == oracle.expected_of(sandbox)


@pytest.fixture
def backup_midway(sandbox, monkeypatch, tmp_path):
    """A backup that is made while a first load waits for a page."""
    respond, asked, file = sandbox.respond, [], tmp_path / "backup"

    def backing_up(request):
        asked.append(request)
        if len(asked) == 18:
            done(Installation(tmp_path, "http://localhost/b1s/v2").command("backup", str(file)))
        return respond(request)

    monkeypatch.setattr(sandbox, "respond", backing_up)
    return file


def test_a_backup_during_a_first_load_is_of_one_moment(backup_midway, installation, sandbox):
    """It is restored beside the mirror, and the load goes on there."""
    installation.variables["ORDERMIRROR_SAP_PAGE_SIZE"] = "10"
    first = installation.sync()
    folder = installation.data_dir / "other"
    folder.mkdir()
    other = Installation(folder, installation.sap_url, installation.variables)
    done(other.command("restore", str(backup_midway)))

    report = other.sync()

    assert first["outcome"] == "complete"
    assert 0 < report["orders"]["created"] < 120
    assert other.exported() == oracle.expected_of(sandbox)


def test_what_a_restore_replaces_is_kept(loaded, tmp_path):
    done(loaded.command("backup", str(tmp_path / "backup")))
    loaded.shell(NOTE)
    restored = done(loaded.command("restore", str(tmp_path / "backup")))
    after = loaded.shell(NOTES)

    kept = restored.stdout.split()[-1]
    done(loaded.command("restore", kept))

    assert (int(after), int(loaded.shell(NOTES))) == (0, 1)


def test_a_runner_of_before_a_restore_can_write_no_more(loaded, tmp_path):
    """The fence was set back with everything else, so an old number could come up again."""
    fence = "from ordermirror.models import Lease; print(Lease.objects.get().fence)"
    done(loaded.command("backup", str(tmp_path / "backup")))
    for _ in range(3):
        loaded.sync()
    before = int(loaded.shell(fence))

    done(loaded.command("restore", str(tmp_path / "backup")))

    assert int(loaded.shell(fence)) > before


def test_a_running_refresh_is_not_restored_over(loaded, tmp_path):
    done(loaded.command("backup", str(tmp_path / "backup")))
    loaded.shell(
        "from ordermirror.models import Lease; from django.db.models.functions import Now;"
        "from datetime import timedelta;"
        "Lease.objects.update(holder='elsewhere:1', expires_at=Now() + timedelta(minutes=5))"
    )

    refused = loaded.command("restore", str(tmp_path / "backup"))

    assert (refused.returncode, "stop `ordermirror run`" in refused.stderr) == (3, True)


def test_a_backup_never_replaces_a_file(loaded, tmp_path):
    (tmp_path / "backup").write_text("yesterday's")

    refused = loaded.command("backup", str(tmp_path / "backup"))

    assert (refused.returncode, "name a new file" in refused.stderr) == (2, True)
    assert (tmp_path / "backup").read_text() == "yesterday's"


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "there is no file"), (b"no database", "is not a backup"), ("cut", "is damaged")],
)
def test_a_file_that_is_no_whole_backup_is_not_restored(loaded, tmp_path, content, told):
    file, before = tmp_path / "backup", loaded.every_row()
    if content == "cut":
        done(loaded.command("backup", str(file)))
        damage(file)
    elif content:
        file.write_bytes(content)

    refused = loaded.command("restore", str(file))

    assert (refused.returncode, told in refused.stderr) == (2, True)
    assert loaded.every_row() == before


def damage(file):
    """Overwrite the root page of one index."""
    with sqlite3.connect(file) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'order_date'"
        page, size = database.execute(query).fetchone()[0], 4096
    with file.open("rb+") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\xff" * size)


def test_a_server_is_backed_up_with_its_own_tool(installation, server):
    installation.variables["ORDERMIRROR_DATABASE_URL"] = server

    refused = installation.command("backup", "anywhere")

    assert (refused.returncode, "back it up with `" in refused.stderr) == (2, True)
