"""`ordermirror company`: several companies in one installation, as a person types it."""

from __future__ import annotations

import json

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.support import Installation
from tests.support import TODAY


@pytest.fixture
def group(tmp_path):
    """An installation without a company, beside a SAP that has SBODEMO with five orders."""
    sandbox = Sandbox(SandboxOptions(orders=5, seed=3, today=TODAY))
    with sandbox.serving() as address:
        made = Installation(tmp_path, address.url(2))
        made.variables |= {
            "ORDERMIRROR_SAP_COMPANY_DB": "",
            "ORDERMIRROR_SAP_PASSWORD": "",
            "PASSWORD_OF_DUBAI": "sandbox",
        }
        yield made


def add(group, name):
    return group.command(
        "company", "add", name, "SAP_COMPANY_DB=SBODEMO", "SAP_PASSWORD=env:PASSWORD_OF_DUBAI"
    )


def listed(group):
    rows = json.loads(group.command("company", "list", "--json").stdout)
    return {row["company_db"]: row["state"] for row in rows}


def test_companies_are_added_refreshed_paused_and_removed(group):
    assert (add(group, "Dubai").returncode, add(group, "Doha").returncode) == (0, 0)
    group.command("company", "pause", "Doha")

    synced = group.command("sync", "--json")

    assert [json.loads(line)["outcome"] for line in synced.stdout.splitlines()] == ["complete"]
    assert listed(group) == {"Dubai": "refreshed", "Doha": "paused"}
    exported = group.command("export", "orders", "--company", "Dubai").stdout
    assert len(exported.splitlines()) == 5
    unclear = group.command("export", "orders")
    assert (unclear.returncode, "--company NAME" in unclear.stderr) == (2, True)

    unasked = group.command("company", "remove", "Dubai", "--delete-data")
    kept = group.command("company", "remove", "Dubai", "--yes")
    assert (unasked.returncode, kept.returncode) == (2, 0)
    assert listed(group)["Dubai"] == "kept"
    assert "5 orders" in kept.stdout

    group.command("company", "remove", "Dubai", "--delete-data", "--yes")
    assert listed(group) == {"Doha": "paused"}


def test_status_tells_of_every_company_and_whether_one_is_stale(group):
    add(group, "Dubai")
    add(group, "Doha")
    group.command("sync", "--company", "Dubai")

    one_is_new = group.command("status", "--json")
    group.command("company", "pause", "Doha")
    one_is_paused = group.command("status", "--json")

    told = [json.loads(line) for line in one_is_new.stdout.splitlines()]
    assert [(it["company_db"], it["fresh"]) for it in told] == [("Dubai", True), ("Doha", False)]
    assert (one_is_new.returncode, one_is_paused.returncode) == (3, 0)
    assert group.command("status", "--company", "Dubai").returncode == 0


def test_a_password_is_not_taken_into_the_database(group):
    refused = group.command("company", "add", "Dubai", "SAP_PASSWORD=sandbox")

    assert refused.returncode == 2
    assert "say env:NAME or file:/path" in refused.stderr
    assert listed(group) == {}


def test_a_user_is_limited_to_companies(group):
    add(group, "Dubai")
    add(group, "Doha")
    group.command("user", "add", "amal", "--password-stdin", typed="correct horse battery\n")

    limited = group.command("user", "limit", "amal", "--company", "Doha")
    unlimited = group.command("user", "unlimit", "amal")

    assert limited.stdout.strip() == "amal sees Doha."
    assert unlimited.stdout.strip() == "amal sees Doha, Dubai."
