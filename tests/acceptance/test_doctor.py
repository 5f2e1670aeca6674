"""`ordermirror doctor` as a user types it."""

from __future__ import annotations

import json
import ssl
from hashlib import sha256

import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.acceptance.support import Installation, free_port
from tests.doctored import LIFE, happen, untouched_orders
from tests.support import TODAY


def examined(installation, *words: str) -> tuple[int, dict[str, dict]]:
    done = installation.command("doctor", "--json", *words)
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, {finding["title"]: finding for finding in findings}


def levels(found: dict[str, dict]) -> set[str]:
    return {finding["level"] for finding in found.values()}


@pytest.fixture
def over_tls(tmp_path):
    sandbox = Sandbox(SandboxOptions(orders=60, seed=3, today=TODAY, tls=True))
    with sandbox.serving() as address:
        made = Installation(tmp_path, address.url(2))
        made.variables["ORDERMIRROR_SAP_CA_FILE"] = str(address.ca_file)
        yield made


def gateway_installed(folder, address) -> Installation:
    made = Installation(folder, "")
    made.variables |= {
        "ORDERMIRROR_SOURCE": "gateway",
        "ORDERMIRROR_GATEWAY_URL": address.gateway_url,
        "ORDERMIRROR_GATEWAY_TOKEN": "Bearer right-token",
    }
    return made


@pytest.fixture
def through_gateway(tmp_path):
    options = SandboxOptions(orders=60, seed=3, today=TODAY, gateway_token="Bearer right-token")
    with Sandbox(options).serving() as address:
        yield gateway_installed(tmp_path, address)


@pytest.fixture
def through_gateway_over_tls(tmp_path):
    options = SandboxOptions(
        orders=60, seed=3, today=TODAY, gateway_token="Bearer right-token", tls=True
    )
    with Sandbox(options).serving() as address:
        yield gateway_installed(tmp_path, address)


def test_a_refreshed_installation_is_all_well(installation):
    installation.sync()

    code, found = examined(installation)

    assert (code, levels(found)) == (0, {"OK"})


def test_a_sap_over_https_is_all_well(over_tls):
    over_tls.sync()

    code, found = examined(over_tls)

    assert (code, levels(found)) == (0, {"OK"})


def test_every_finding_has_level_title_detail_and_mend(installation):
    _, found = examined(installation)

    assert all(set(it) == {"level", "title", "detail", "mend"} for it in found.values())


def test_looking_at_a_new_installation_makes_nothing(installation):
    installation.variables["ORDERMIRROR_DATA_DIR"] = str(installation.data_dir / "new")

    code, found = examined(installation)

    assert (code, found["data folder"]["level"], found["database"]["level"]) == (0, "WARN", "WARN")
    assert not (installation.data_dir / "new").exists()


def test_a_piped_doctor_prints_one_plain_line_for_each_check(installation):
    done = installation.command("doctor")

    lines = done.stdout.splitlines()
    assert all(line.startswith(("OK ", "WARN ", "SKIPPED ")) for line in lines[:-1])
    assert "\x1b" not in done.stdout


def test_wrong_settings_exit_2_and_are_told_all_at_once(installation):
    installation.variables = {
        "ORDERMIRROR_SAP_URL": "http://sap.example.com/b1s/v9",
        "ORDERMIRROR_SAP_PASWORD": "x",
        "ORDERMIRROR_SAP_USER": "",
    }

    done = installation.command("doctor")

    assert done.returncode == 2
    for told in ("must end in /b1s/v1", "ORDERMIRROR_SAP_PASSWORD?", "ORDERMIRROR_SAP_USER is not"):
        assert told in done.stdout


def test_without_saps_settings_the_rest_is_checked(installation):
    installation.variables = {"ORDERMIRROR_SAP_URL": "", "ORDERMIRROR_SAP_PASSWORD": ""}

    code, found = examined(installation)

    assert (code, found["data folder"]["level"], found["login"]["level"]) == (2, "OK", "SKIPPED")


def test_a_file_where_the_data_folder_should_be_is_a_failure(installation):
    (installation.data_dir / "file").write_text("")
    installation.variables["ORDERMIRROR_DATA_DIR"] = str(installation.data_dir / "file")

    code, found = examined(installation)

    assert (code, found["data folder"]["level"]) == (1, "FAIL")
    assert found["database"]["level"] == "SKIPPED"


def test_sap_is_checked_although_the_data_folder_is_not_usable(installation):
    (installation.data_dir / "file").write_text("")
    installation.variables["ORDERMIRROR_DATA_DIR"] = str(installation.data_dir / "file")

    _, found = examined(installation)

    assert found["login"]["level"] == "OK"


def test_a_database_that_lacks_migrations_is_a_failure(installation):
    installation.sync()
    installation.command("manage", "migrate", "ordermirror", "zero")

    code, found = examined(installation)

    assert (code, found["tables"]["level"]) == (1, "FAIL")
    assert "ordermirror upgrade" in found["tables"]["mend"]
    assert found["last refresh"]["level"] == "SKIPPED"


def test_a_file_that_is_no_database_is_a_failure(installation):
    (installation.data_dir / "ordermirror.sqlite3").write_text("not a database\n" * 100)

    code, found = examined(installation)

    assert (code, found["database"]["level"]) == (1, "FAIL")


def test_a_database_without_immediate_transactions_is_a_failure(installation):
    file = installation.data_dir / "ordermirror.sqlite3"
    installation.sync()
    installation.variables["ORDERMIRROR_DATABASE_URL"] = (
        f"sqlite:///{file}?transaction_mode=DEFERRED"
    )

    code, found = examined(installation)

    assert (code, found["database mode"]["level"]) == (1, "FAIL")


def test_a_conflict_is_a_failure_until_a_person_decides(installation):
    installation.sync()
    installation.command(
        "manage",
        "shell",
        "-c",
        "from ordermirror.models import Company;"
        "Company.objects.update(conflict='this is another company')",
    )

    code, found = examined(installation)

    assert (code, found["company"]["level"]) == (1, "FAIL")
    assert "another company" in found["company"]["detail"]
    assert "ordermirror company" in found["company"]["mend"]


def test_an_order_that_was_set_aside_is_a_warning(installation, sandbox):
    sandbox.put_raw(sandbox.orders()[0]["DocEntry"], DocTotal="odd")
    installation.sync()

    code, found = examined(installation)

    assert (code, found["quarantine"]["level"]) == (0, "WARN")


def test_a_mirror_that_is_old_is_a_warning(installation):
    installation.sync()
    installation.command(
        "manage",
        "shell",
        "-c",
        "from ordermirror.models import SyncRun;"
        "SyncRun.objects.update(started_at='2026-01-05T00:00Z')",
    )

    code, found = examined(installation)

    assert (code, found["last refresh"]["level"]) == (0, "WARN")


def test_a_sap_that_is_down_skips_what_rests_on_it(installation):
    installation.variables["ORDERMIRROR_SAP_URL"] = f"http://127.0.0.1:{free_port()}/b1s/v2"

    code, found = examined(installation)

    assert (code, found["SAP address"]["level"]) == (1, "FAIL")
    assert "SAP can't be reached" in found["login"]["detail"]


def test_an_untrusted_certificate_shows_its_fingerprint_and_gets_no_password(over_tls):
    del over_tls.variables["ORDERMIRROR_SAP_CA_FILE"]
    port = int(over_tls.sap_url.split(":")[2].split("/")[0])
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))

    code, found = examined(over_tls)

    assert (code, found["login"]["level"]) == (1, "SKIPPED")
    assert sha256(der).hexdigest().upper() in found["certificate"]["detail"].replace(":", "")


def test_the_line_that_trust_tells_mends_the_connection(over_tls):
    del over_tls.variables["ORDERMIRROR_SAP_CA_FILE"]
    told = json.loads(over_tls.command("doctor", "--trust", "--json").stdout)
    name, _, value = told["line"].partition("=")

    over_tls.variables[name] = value

    assert (told["trusted"], over_tls.sync()["outcome"]) == (False, "complete")


def test_trust_needs_no_password_and_writes_nothing(over_tls):
    over_tls.variables |= {"ORDERMIRROR_SAP_PASSWORD": "", "ORDERMIRROR_SAP_USER": ""}
    del over_tls.variables["ORDERMIRROR_SAP_CA_FILE"]

    done = over_tls.command("doctor", "--trust")

    assert done.returncode == 0
    assert "ORDERMIRROR_SAP_FINGERPRINT=" in done.stdout.splitlines()[-1]
    assert list(over_tls.data_dir.iterdir()) == []


def test_trust_says_that_a_trusted_certificate_needs_nothing(over_tls):
    done = over_tls.command("doctor", "--trust")

    assert "nothing has to be changed" in done.stdout
    assert "ORDERMIRROR_SAP_FINGERPRINT" not in done.stdout


def test_a_run_that_meets_another_certificate_stops_with_both_fingerprints(over_tls):
    over_tls.sync()
    del over_tls.variables["ORDERMIRROR_SAP_CA_FILE"]
    over_tls.variables["ORDERMIRROR_SAP_FINGERPRINT"] = "AB" * 32
    port = int(over_tls.sap_url.split(":")[2].split("/")[0])
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))

    run = over_tls.sync()

    assert run["outcome"] == "failed"
    assert ":".join(["AB"] * 32) in run["problem"]
    assert sha256(der).digest().hex(":").upper() in run["problem"]


@pytest.mark.parametrize(
    "words", [("doctor",), ("doctor", "--json"), ("doctor", "--probe-updates", "1")]
)
def test_neither_password_nor_user_is_ever_printed(installation, sandbox, words):
    installation.variables = {
        "ORDERMIRROR_SAP_USER": "canary-user",
        "ORDERMIRROR_SAP_PASSWORD": "canary-password",
        "ORDERMIRROR_SECRET_KEY": "canary-key",
    }
    installation.sync()

    done = installation.command(*words)

    assert done.returncode == 1
    assert "canary" not in done.stdout + done.stderr


@pytest.fixture
def at_work(sandbox, monkeypatch):
    """A person's doings, each before the look that follows it; the numbers of the two orders."""
    first, second = untouched_orders(sandbox)[:2]
    todo = [*((kind, first) for kind in LIFE), ("cancel", second)]
    respond = sandbox.respond

    def act_first(request):
        if "DocEntry%20eq" in request.query and todo:
            kind, order = todo.pop(0)
            happen(sandbox, kind, order["DocEntry"])
        return respond(request)

    monkeypatch.setattr(sandbox, "respond", act_first)
    return str(first["DocNum"]), str(second["DocNum"])


def test_probing_updates_leads_through_the_steps(at_work, installation):
    first, second = at_work

    done = installation.command("doctor", "--probe-updates", first, typed=f"\n\n\n{second}\n\n")

    assert done.returncode == 0
    assert done.stdout.count("The stamp moved") == 4
    assert "Deliveries move UpdateDate here" in done.stdout


def test_probing_updates_can_be_read_by_a_program(at_work, installation):
    first, _ = at_work

    done = installation.command("doctor", "--json", "--probe-updates", first, typed="\ns\n\ns\n")

    steps = json.loads(done.stdout)["steps"]
    assert steps == {
        "edit": "moved",
        "deliver_part": "skipped",
        "finish": "moved",
        "cancel": "skipped",
    }


def test_probing_updates_without_a_person_measures_nothing(at_work, installation):
    done = installation.command("doctor", "--probe-updates", at_work[0], typed="")

    assert (done.returncode, "moved" in done.stdout) == (1, False)


def test_probing_an_order_that_is_not_there_says_so(installation):
    done = installation.command("doctor", "--probe-updates", "999999999", typed="")

    assert (done.returncode, done.stderr.strip()) == (
        1,
        "SAP shows no order with the number 999999999",
    )


def test_a_gateway_is_checked_instead_of_the_service_layer(through_gateway):
    code, found = examined(through_gateway)

    assert (code, found["orders of today"]["level"]) == (0, "OK")
    assert "login" not in found


def test_a_gateway_that_refuses_the_token_is_a_failure_and_the_token_is_not_told(through_gateway):
    through_gateway.variables["ORDERMIRROR_GATEWAY_TOKEN"] = "Bearer wrong-token"

    done = through_gateway.command("doctor", "--json")

    assert done.returncode == 1
    assert "401" in done.stdout
    assert "wrong-token" not in done.stdout


def test_the_line_that_trust_tells_mends_the_way_to_a_gateway(through_gateway_over_tls):
    """It ended with "SAP_URL is not set", though the run that was refused had recommended it."""
    told = json.loads(through_gateway_over_tls.command("doctor", "--trust", "--json").stdout)
    name, _, value = told["line"].partition("=")

    through_gateway_over_tls.variables[name] = value

    assert (told["trusted"], through_gateway_over_tls.sync()["outcome"]) == (False, "complete")


def test_trust_tells_with_whom_a_gateways_certificate_is_compared(through_gateway_over_tls):
    done = through_gateway_over_tls.command("doctor", "--trust")

    assert done.returncode == 0
    assert "ask who runs the gateway" in " ".join(done.stdout.split())
    assert "SAP administrator" not in done.stdout


def test_trust_without_a_gateways_address_says_which_setting_is_missing(through_gateway):
    through_gateway.variables["ORDERMIRROR_GATEWAY_URL"] = ""

    done = through_gateway.command("doctor", "--trust")

    assert (done.returncode, "ORDERMIRROR_GATEWAY_URL is not set" in done.stderr) == (2, True)


def test_what_moves_stamps_is_not_measured_through_a_gateway(through_gateway):
    done = through_gateway.command("doctor", "--probe-updates", "1")

    assert done.returncode == 2
    assert "this asks the Service Layer" in done.stderr
