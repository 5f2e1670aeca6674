"""The command line as a user meets it: output, exit codes, errors."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ordermirror.cli.parser import COMMANDS
from ordermirror.phases import Phase
from ordermirror.sandbox import Fault
from ordermirror.sandbox.gateway import PATH as GATEWAY_PATH
from tests import oracle
from tests.acceptance.support import Installation, fetch, free_port, processes_of_session

KEYS = {
    "run",
    "outcome",
    "seconds",
    "requests",
    "bytes",
    "statements",
    "orders",
    "lines",
    "rows_written",
}
ORDER_COUNTS = {
    "seen",
    "created",
    "changed",
    "closed",
    "cancelled",
    "reopened",
    "remapped",
    "unchanged",
    "quarantined",
    "missing",
}


def test_sync_json_prints_one_object(installation):
    done = installation.command("sync", "--json")

    report = json.loads(done.stdout)
    assert (done.returncode, report["outcome"], report["orders"]["created"]) == (0, "complete", 120)
    assert report.keys() >= KEYS
    assert report["orders"].keys() == ORDER_COUNTS
    assert report["lines"].keys() == {"created", "changed", "removed"}


def test_export_of_lines_begins_with_the_largest_open_amount(installation):
    installation.sync()

    told = installation.command("export", "lines", "--open", "--most", "5").stdout
    amounts = [Decimal(json.loads(line)["pending_amount"]) for line in told.splitlines()]

    assert len(amounts) == 5
    assert amounts == sorted(amounts, reverse=True)


@pytest.mark.parametrize("words", [["--most", "0"], ["--item", "A"], ["--most", "3"]])
def test_words_that_an_export_of_orders_does_not_know_are_refused(installation, words):
    installation.sync()

    told = installation.command("export", "orders", *words)

    assert told.returncode == 2
    assert told.stdout == ""


def test_export_equals_the_source(installation, sandbox):
    installation.sync()

    exported = installation.exported()

    assert exported == {doc["DocEntry"]: oracle.expected(doc) for doc in sandbox.orders()}
    assert list(exported) == sorted(exported)


def test_export_open_prints_the_open_orders_only(installation, sandbox):
    installation.sync()

    printed = installation.command("export", "orders", "--open").stdout

    entries = [json.loads(line)["doc_entry"] for line in printed.splitlines()]
    assert entries == [
        doc["DocEntry"] for doc in sandbox.orders() if doc["DocumentStatus"] == "bost_Open"
    ]


def test_a_piped_sync_prints_plain_lines(installation):
    done = installation.command("sync")

    assert done.stdout.splitlines()[:2] == ["outcome: complete", "orders: 120 seen, 120 created"]
    assert "\x1b" not in done.stdout + done.stderr


def test_a_profile_tells_where_the_time_went(installation):
    done = installation.command("sync", "--profile")

    printed = done.stdout.splitlines()
    head = printed.index("phase\tseconds\tshare")
    rows = [line.split("\t") for line in printed[head + 1 :]]
    assert [row[0] for row in rows] == [str(phase) for phase in Phase]
    assert sum(float(seconds) for _, seconds, _ in rows) == pytest.approx(
        seconds_of(printed), rel=0.1, abs=0.1
    )
    assert sum(int(share.rstrip("%")) for *_, share in rows) == pytest.approx(100, abs=4)


def seconds_of(printed: list[str]) -> float:
    [told] = [line for line in printed if line.startswith("seconds: ")]
    return float(told.removeprefix("seconds: "))


def test_no_profile_is_told_unless_asked_for(installation):
    assert "phase" not in installation.command("sync").stdout


def test_an_incomplete_sync_exits_1(installation, sandbox):
    sandbox.faults.add(Fault(kind="redirect", path="Orders", times=None))

    done = installation.command("sync")

    assert done.returncode == 1
    assert "redirect" in done.stderr


def test_a_sync_looks_whether_somebody_must_be_told(installation, sandbox):
    installation.variables["ORDERMIRROR_ALERT_FAILED_TIMES"] = "1"
    sandbox.faults.add(Fault(kind="redirect", path="Orders", times=None))

    installation.command("sync")

    [alert] = json.loads(installation.command("alerts", "--json").stdout)
    assert (alert["kind"], alert["standing"]) == ("failed", True)


def test_wrong_settings_exit_2_and_are_told_all_at_once(installation):
    installation.variables = {
        "ORDERMIRROR_SAP_URL": "http://sap.example.com/b1s/v9",
        "ORDERMIRROR_SAP_PAGE_SIZE": "many",
        "ORDERMIRROR_SAP_PASWORD": "x",
    }

    done = installation.command("sync")

    assert done.returncode == 2
    for told in ("must end in /b1s/v1", "from 1 to 5000", "did you mean ORDERMIRROR_SAP_PASSWORD"):
        assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_sap_settings_exit_2_and_name_what_to_set(installation):
    installation.variables = {"ORDERMIRROR_SAP_URL": "", "ORDERMIRROR_SAP_USER": ""}

    done = installation.command("sync")

    assert done.returncode == 2
    assert "ORDERMIRROR_SAP_URL is not set" in done.stderr
    assert "ORDERMIRROR_SAP_USER is not set" in done.stderr


@pytest.fixture
def second_sync(sandbox, monkeypatch, tmp_path):
    """A second `sync`, made while the first waits for its first orders; a list of its result."""
    respond, done = sandbox.respond, []

    def start_second(request):
        if request.path.endswith("/Orders") and not done:
            done.append(Installation(tmp_path, request.base + "/b1s/v2").command("sync", "--json"))
        return respond(request)

    monkeypatch.setattr(sandbox, "respond", start_second)
    return done


def test_a_second_sync_at_the_same_time_is_busy(second_sync, installation):
    first = installation.command("sync")

    assert first.returncode == 0
    assert second_sync[0].returncode == 3
    assert json.loads(second_sync[0].stdout)["outcome"] == "busy"
    assert "another run is refreshing this company" in second_sync[0].stderr


def test_show_prints_an_order(installation, sandbox):
    installation.sync()
    document = sandbox.orders()[-1]

    done = installation.command("show", str(document["DocNum"]))

    assert done.returncode == 0
    assert document["CardName"] in done.stdout
    assert all(line["ItemDescription"] in done.stdout for line in document["DocumentLines"])


def test_show_says_when_there_is_no_such_order(installation):
    installation.sync()

    done = installation.command("show", "999999999")

    assert (done.returncode, done.stderr.strip()) == (
        1,
        "there is no order 999999999 in the mirror",
    )


def test_status_tells_how_fresh_the_mirror_is(installation):
    installation.sync()

    status = json.loads(installation.command("status", "--json").stdout)

    assert (status["orders"], status["last_outcome"]) == (120, "complete")
    assert 0 <= status["age_seconds"] < 120
    assert (status["fresh"], status["stale_because"]) == (True, "")


def test_status_exits_3_when_the_data_is_older_than_two_intervals(installation):
    installation.sync()
    installation.shell(
        "from datetime import timedelta; from django.db.models import F\n"
        "from ordermirror.models import SyncRun\n"
        "SyncRun.objects.update(started_at=F('started_at') - timedelta(minutes=11))"
    )

    done = installation.command("status", "--json")

    status = json.loads(done.stdout)
    assert (done.returncode, status["fresh"]) == (3, False)
    assert "600 are allowed" in status["stale_because"]


def test_prune_counts_what_it_lets_go(installation):
    installation.sync()
    installation.sync()
    installation.shell(
        "from datetime import timedelta; from django.db.models import F\n"
        "from ordermirror.models import SyncRun\n"
        "SyncRun.objects.update(started_at=F('started_at') - timedelta(days=100))"
    )

    would = json.loads(installation.command("prune", "--dry-run", "--json").stdout)
    done = [json.loads(installation.command("prune", "--json").stdout) for _ in range(2)]

    kinds = ("history", "reads", "runs", "reconciliations", "alerts", "actions", "logins")
    nothing = dict.fromkeys(kinds, 0)
    assert would == nothing | {"runs": 1}
    assert done == [nothing | {"runs": 1}, nothing]


def test_reconcile_tells_that_all_is_equal(installation):
    installation.sync()

    done = installation.command("reconcile")

    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0]) == (0, "result: equal")
    assert re.fullmatch(r"open orders: (\d+) = \1", lines[1])
    assert re.fullmatch(r"open sum: ([\d,]+\.\d\d) = \1", lines[2])
    assert re.fullmatch(r"closed orders: (\d+) = \1", lines[3])


def test_reconcile_names_what_differs_and_exits_1(installation):
    installation.sync()
    entry = installation.shell(
        "from ordermirror.models import SalesOrder\n"
        "it = SalesOrder.objects.open().order_by('pk')[0]; it.doc_total += 1; it.save()\n"
        "print(it.doc_entry)"
    )

    done = installation.command("reconcile")
    again = installation.command("reconcile", "--json")

    assert done.returncode == 1
    assert f"\t{entry.strip()}\tthe totals differ\t" in done.stdout
    told = json.loads(again.stdout)
    assert (again.returncode, told["equal"], told["differing"]) == (0, True, 0)


def test_reconcile_says_why_nothing_was_compared(installation, sandbox):
    first = installation.command("reconcile", "--json")
    sandbox.faults.add(Fault(kind="redirect", path="Orders", times=None))

    failed = installation.command("reconcile")

    assert (first.returncode, json.loads(first.stdout)["equal"]) == (1, None)
    assert "first load" in first.stderr
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "Nothing was compared: " in failed.stderr
    assert "redirect" in failed.stderr


def test_settings_lists_every_setting_and_masks_secrets(installation):
    installation.variables["ORDERMIRROR_SAP_PASSWORD"] = "never-shown"

    done = installation.command("settings", "--json")

    values = {item["name"]: item["value"] for item in json.loads(done.stdout)}
    assert values["ORDERMIRROR_SAP_PASSWORD"] == "(set)"
    assert values["ORDERMIRROR_SAP_URL"] == installation.sap_url
    assert "never-shown" not in done.stdout


def test_settings_come_from_an_env_file_too(installation):
    (installation.data_dir / ".env").write_text("ORDERMIRROR_PORT=8123\n")

    done = installation.command("settings", "--json")

    values = {item["name"]: item["value"] for item in json.loads(done.stdout)}
    assert values["ORDERMIRROR_PORT"] == "8123"


def test_a_secret_may_be_in_a_file(installation):
    (installation.data_dir / "password").write_text("sandbox\n")
    installation.variables = {
        "ORDERMIRROR_SAP_PASSWORD": "",
        "ORDERMIRROR_SAP_PASSWORD_FILE": str(installation.data_dir / "password"),
    }

    assert installation.sync()["outcome"] == "complete"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_needs_no_settings(installation, command):
    installation.variables = {"ORDERMIRROR_SAP_URL": "nonsense"}

    done = installation.command(command, "--help")

    assert (done.returncode, f"usage: ordermirror {command}" in done.stdout) == (0, True)


def test_misuse_exits_2(installation):
    assert installation.command("sync", "--nonsense").returncode == 2


def test_the_tables_of_an_empty_sqlite_file_are_made_by_themselves(installation):
    installation.sync()

    done = installation.command("migrate")

    assert done.stdout.strip() == "The database is up to date."


def test_a_user_that_was_added_can_log_in(installation):
    done = installation.command("user", "add", "amal", "--password-stdin", typed="pale-blue-dot-9")

    check = installation.command(
        "manage",
        "shell",
        "--no-imports",
        "-c",
        "from django.contrib.auth import authenticate as a;"
        "print(a(username='amal', password='pale-blue-dot-9'))",
    )
    assert (done.returncode, check.stdout.strip()) == (0, "amal")


def test_a_user_may_do_what_was_granted(installation):
    words = ("user", "add", "amal", "--may", "note", "--may", "price", "--password-stdin")
    installation.command(*words, typed="pale-blue-dot-9")

    told = installation.command(
        "manage",
        "shell",
        "--no-imports",
        "-c",
        "from django.contrib.auth.models import User;"
        "print(sorted(User.objects.get().get_all_permissions()))",
    )
    assert told.stdout.strip() == (
        "['ordermirror_owned.add_ordernote', 'ordermirror_owned.change_lineprice']"
    )


def test_a_weak_password_is_refused(installation):
    done = installation.command("user", "add", "amal", "--password-stdin", typed="12345678")

    assert done.returncode == 2
    assert "too common" in done.stderr


def test_demo_without_pages_ends_by_itself(installation):
    done = installation.command("demo", "--orders", "60", "--no-serve")

    assert done.returncode == 0
    assert "outcome: complete" in done.stdout
    assert "orders: 60 seen, 60 created" in done.stdout


def test_demo_serves_pages_says_where_and_ends_without_a_trace(installation):
    process = installation.start("demo", "--orders", "60", "--port", str(free_port()))
    address = next(line.split()[1] for line in process.stdout if line.startswith("Open "))
    told = next(line for line in process.stdout if line.startswith("OrderMirror is at"))

    page = fetch(address)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert told
    assert "Sign in" in page
    assert process.returncode == 0
    assert not processes_of_session(process.pid)


def test_demo_shows_a_gateway_too(installation):
    done = installation.command("demo", "--orders", "60", "--no-serve", "--source", "gateway")

    assert done.returncode == 0
    assert "/IntegrationApi/api/SalesOrder" in done.stdout


def test_sync_reads_from_a_gateway(installation, sandbox):
    installation.variables = {
        "ORDERMIRROR_SOURCE": "gateway",
        "ORDERMIRROR_GATEWAY_URL": installation.sap_url.replace("/b1s/v2", GATEWAY_PATH),
        "ORDERMIRROR_SAP_URL": "",
        "ORDERMIRROR_SAP_COMPANY_DB": "",
    }
    open_orders = {it["DocEntry"] for it in sandbox.orders() if it["DocumentStatus"] == "bost_Open"}

    first = installation.command("sync", "--json")
    second = installation.command("sync", "--json")

    assert (first.returncode, second.returncode) == (0, 0)
    assert json.loads(second.stdout)["rows_written"] == 0
    assert {order["doc_entry"] for order in installation.exported().values()} >= open_orders


def test_run_serves_and_refreshes(installation, sandbox):
    process = installation.start("run", "--every", "1s", "--port", str(free_port()))
    told = process.stdout.readline()

    page = fetch(told.split()[3].rstrip(","))
    process.terminate()
    process.communicate(timeout=60)

    assert "Sign in" in page
    assert process.returncode == 0
    assert sandbox.open_sessions == 0


def hours_around_now() -> str:
    hour = datetime.now(UTC).hour
    return f"{(hour - 6) % 24:02}:00-{(hour + 6) % 24:02}:00"


def test_a_refresh_by_hand_goes_in_quiet_hours_and_says_so(installation):
    installation.variables["ORDERMIRROR_SAP_QUIET_HOURS"] = hours_around_now()

    done = installation.command("sync", "--json")

    assert json.loads(done.stdout)["outcome"] == "complete"
    assert "These are quiet hours" in done.stderr


def test_a_mirror_is_not_called_old_in_quiet_hours(installation):
    installation.sync()
    installation.shell(
        "from ordermirror.models import SyncRun;"
        "SyncRun.objects.update(started_at='2026-01-05T00:00Z')"
    )
    installation.variables["ORDERMIRROR_SAP_QUIET_HOURS"] = hours_around_now()

    found = json.loads(installation.command("doctor", "--json").stdout)["findings"]

    (freshness,) = [each for each in found if each["title"] == "last refresh"]
    assert freshness["level"] == "OK"
    assert "no other begins by itself before" in freshness["detail"]
