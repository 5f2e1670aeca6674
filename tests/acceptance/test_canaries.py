"""Secrets and what SAP sends never come out: canaries are planted everywhere, and looked for."""

from __future__ import annotations

import json
import re

import pytest

from ordermirror.sandbox import Fault, Sandbox, SandboxOptions
from tests.acceptance.support import Installation, fetch, free_port
from tests.support import TODAY

PASSWORD = "canary-password"
TOKEN = "canary-token-0123456789"
TEXTS = {
    "CardName": "canary-customer",
    "NumAtCard": "canary-reference",
    "Comments": "canary-comment",
    "Address": "canary-address",
}
AMOUNT = 7654.321987
PLANTED = re.compile(r"canary|7654[.,]321", re.IGNORECASE)
RUNS = "from ordermirror.models import SyncRun; print(list(SyncRun.objects.values_list()))"


@pytest.fixture
def sandbox():
    made = Sandbox(SandboxOptions(orders=60, seed=3, today=TODAY, password=PASSWORD))
    for document in made.orders():
        made.edit(document["DocEntry"], **TEXTS, RoundingDiffAmount=AMOUNT)
    return made


@pytest.fixture(params=["console", "json"])
def installation(request, sandbox, tmp_path):
    """It logs everything that can be logged, to a file."""
    with sandbox.serving() as address:
        made = Installation(tmp_path, address.url(2))
        made.variables = {
            "ORDERMIRROR_SAP_PASSWORD": PASSWORD,
            "ORDERMIRROR_METRICS_TOKEN": TOKEN,
            "ORDERMIRROR_LOG_LEVEL": "DEBUG",
            "ORDERMIRROR_LOG_FORMAT": request.param,
            "ORDERMIRROR_LOG_FILE": str(tmp_path / "mirror.log"),
        }
        yield made
        made.end_all()


def logged(installation):
    return (installation.data_dir / "mirror.log").read_text(encoding="utf-8")


def leaks(text, sessions):
    return [
        line for line in text.splitlines()
        if PLANTED.search(line) or any(session in line for session in sessions if session)
    ]  # fmt: skip


def test_neither_a_first_load_nor_a_refused_login_brings_a_canary_out(
    installation, sandbox, sessions
):
    told = [installation.command("sync")]
    installation.variables["ORDERMIRROR_SAP_PASSWORD"] = PASSWORD + "-wrong"
    told.append(installation.command("sync"))

    shown = [it.stdout + it.stderr for it in told] + [
        installation.shell(RUNS),
        logged(installation),
    ]

    assert "refused the login" in told[-1].stderr
    assert leaks("\n".join(shown), sessions) == []
    assert len(sessions) == 1


def test_an_error_nobody_thought_of_brings_no_canary_out(installation, sessions):
    """SAP's values are in the error's own words; the traceback says where, and not what."""
    script = (
        "import sys\n"
        "from ordermirror.cli.main import main, set_up_django\n"
        "set_up_django()\n"
        "from ordermirror import sync\n"
        "def fail(run, **_):\n"
        "    row = next(iter(run.source.load(after=0, highest=10**6))).documents[0]\n"
        "    raise ValueError(bytes(row.payload).decode())\n"
        "sync._ask = fail\n"
        "sys.exit(main(['sync']))\n"
    )
    told = installation.python(script)
    runs = installation.shell(RUNS)

    assert told.returncode == 1
    assert "ValueError" in told.stderr
    assert "in fail" in told.stderr
    assert "ValueError" in runs
    assert leaks("\n".join([told.stdout, told.stderr, runs, logged(installation)]), sessions) == []


def test_pages_and_refreshes_of_one_program_log_to_one_file_and_leak_nothing(
    installation, sandbox, sessions
):
    installation.command("sync")
    port = free_port()
    process = installation.start("run", "--every", "1s", "--port", str(port))
    process.stdout.readline()

    for page in ("orders/?q=canary-customer", "nothing/canary", "metrics", "health/sync"):
        fetch(f"http://127.0.0.1:{port}/{page}")
    process.terminate()
    out, err = process.communicate(timeout=60)

    assert leaks("\n".join([out, err, logged(installation)]), sessions) == []


def test_lines_of_a_run_name_its_company_and_number(installation, sandbox):
    installation.command("sync")
    sandbox.faults.add(Fault(kind="html_502", path="Orders"))
    installation.command("sync")

    retried = [line for line in logged(installation).splitlines() if "asking SAP again" in line]

    assert retried
    if installation.variables["ORDERMIRROR_LOG_FORMAT"] == "json":
        told = [json.loads(line) for line in retried]
        assert [(it["company"], it["run"]) for it in told] == [("SBODEMO", 2)] * len(told)
    else:
        assert all("[SBODEMO run 2]" in line for line in retried)
