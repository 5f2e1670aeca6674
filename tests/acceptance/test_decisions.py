"""quarantine, company, explain and refresh, as a user meets them."""

from __future__ import annotations

import json

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.support import Installation
from tests.support import TODAY


@pytest.fixture
def set_aside(installation, sandbox):
    """An installation with one order in quarantine; the order's document."""
    installation.sync()
    document = sandbox.orders()[-1]
    sandbox.edit(document["DocEntry"], CardName="x" * 500)
    installation.sync()
    return document


@pytest.fixture
def swapped(installation):
    """An installation whose SAP shows another company."""
    installation.sync()
    other = Sandbox(SandboxOptions(orders=120, seed=77, today=TODAY))
    with other.serving() as address:
        moved = Installation(installation.data_dir, address.url(2))
        moved.sync()
        yield moved


def test_quarantine_lists_what_was_set_aside(installation, set_aside):
    (row,) = json.loads(installation.command("quarantine", "--json").stdout)

    assert (row["doc_entry"], row["doc_num"]) == (set_aside["DocEntry"], set_aside["DocNum"])
    assert row["stage"] == "decode"
    assert "CardName" in row["reason"]


def test_quarantine_shows_one(installation, set_aside):
    shown = installation.command("quarantine", "show", str(set_aside["DocEntry"])).stdout

    assert "payload hash: " in shown


def test_quarantine_retry_lets_the_next_run_try_again(installation, sandbox, set_aside):
    sandbox.put_raw(set_aside["DocEntry"], CardName=set_aside["CardName"])

    told = installation.command("quarantine", "retry").stdout

    assert told.strip() == "1 orders will be tried again by the next run."
    assert installation.sync()["orders"]["changed"] == 1
    assert json.loads(installation.command("quarantine", "--json").stdout) == []


def test_quarantine_says_when_an_order_is_not_there(installation):
    installation.sync()

    done = installation.command("quarantine", "show", "7")

    assert (done.returncode, "is set aside" in done.stderr) == (1, True)


def test_company_tells_the_choices_when_writing_has_stopped(swapped):
    done = swapped.command("company")

    assert done.returncode == 1
    assert "writing: stopped" in done.stdout
    for decision in ("false-alarm", "new-epoch", "new-company"):
        assert f"ordermirror company {decision}" in done.stdout


def test_company_new_company_starts_an_empty_mirror(swapped):
    swapped.command("company", "new-company")

    report = swapped.sync()

    assert (report["outcome"], report["orders"]["created"]) == ("complete", 120)


def test_company_refuses_a_decision_when_nothing_happened(installation):
    installation.sync()

    done = installation.command("company", "new-epoch")

    assert (done.returncode, "has not stopped" in done.stderr) == (1, True)


def test_explain_says_that_an_order_is_current_and_why(installation, sandbox):
    installation.sync()
    installation.sync()
    document = sandbox.orders()[-1]

    told = installation.command("explain", str(document["DocNum"])).stdout

    assert "current: yes" in told
    assert "1 complete runs since" in told


def test_explain_tells_each_read_and_change(installation, sandbox):
    installation.sync()
    document = sandbox.orders()[-1]
    sandbox.edit(document["DocEntry"], NumAtCard="PO-4711")
    installation.sync()

    told = installation.command("explain", str(document["DocNum"])).stdout

    assert "\tchanged\tchanged\t" in told
    assert "\tnum_at_card\t" in told
    assert "PO-4711" in told


def test_explain_says_why_an_order_is_not_current(installation, set_aside):
    told = installation.command("explain", str(set_aside["DocNum"])).stdout

    assert "current: no" in told
    assert "could not be taken (decode)" in told


def test_refresh_reads_one_order_again(installation, sandbox):
    installation.sync()
    document = sandbox.orders()[0]
    sandbox.put_raw(document["DocEntry"], Comments="unseen")
    installation.command("refresh", str(document["DocNum"]))

    assert installation.sync()["orders"]["changed"] == 1
