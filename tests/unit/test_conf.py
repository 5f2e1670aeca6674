"""Settings: parsed once, all mistakes told at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ordermirror import companies, conf
from ordermirror.core.scope import EVERYTHING, Scope
from ordermirror.errors import ConfigError


def problems(**variables):
    with pytest.raises(ConfigError) as caught:
        conf.load({"ORDERMIRROR_" + name: value for name, value in variables.items()})
    return caught.value.problems


def load(**variables):
    return conf.load({"ORDERMIRROR_" + name: value for name, value in variables.items()})


def test_nothing_set_is_a_working_installation():
    settings = load()

    assert (settings.port, settings.every, settings.sap_url) == (8000, timedelta(minutes=5), None)


def test_all_mistakes_are_told_at_once():
    told = problems(PORT="no", EVERY="soon", TIME_ZONE="Mars/Base", SAP_PARALLEL="9")

    assert len(told) == 4


@pytest.mark.parametrize(
    "url", ["https://sap:50000", "sap:50000/b1s/v1", "https://sap/b1s/v3", "ftp://sap/b1s/v1"]
)
def test_an_address_that_is_not_the_service_layers_is_refused(url):
    assert len(problems(SAP_URL=url)) == 1


@pytest.mark.parametrize("url", ["https://sap:50000/b1s/v1", "https://sap:50000/b1s/v2/"])
def test_both_versions_addresses_are_taken(url):
    assert load(SAP_URL=url).sap_url == url.rstrip("/")


def test_plain_http_is_for_this_machine():
    assert load(SAP_URL="http://127.0.0.1:50000/b1s/v1")
    assert "unencrypted" in problems(SAP_URL="http://sap:50000/b1s/v1")[0]
    assert load(SAP_URL="http://sap:50000/b1s/v1", SAP_ALLOW_HTTP="true")


def test_an_unknown_setting_is_refused_with_the_nearest_name():
    told = problems(SAP_PASWORD="x")

    assert told == (
        "ORDERMIRROR_SAP_PASWORD is not a setting; did you mean ORDERMIRROR_SAP_PASSWORD?",
    )


def test_a_secret_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")

    assert load(SAP_PASSWORD_FILE=str(tmp_path / "secret")).sap_password == "s3cret"


def test_a_secret_given_twice_is_refused(tmp_path):
    assert "not both" in problems(SAP_PASSWORD="x", SAP_PASSWORD_FILE=str(tmp_path))[0]


def test_a_secrets_file_that_is_missing_is_told(tmp_path):
    told = problems(SAP_PASSWORD_FILE=str(tmp_path / "nowhere"))

    assert "can't be read" in told[0]


def test_what_is_needed_to_reach_sap_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        load(SAP_URL="https://sap:50000/b1s/v2").require_sap()

    assert [told.split()[0] for told in caught.value.problems] == [
        "ORDERMIRROR_SAP_COMPANY_DB",
        "ORDERMIRROR_SAP_USER",
        "ORDERMIRROR_SAP_PASSWORD",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("1 d", 86400)]
)
def test_durations(text, seconds):
    assert conf.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["5", "m", "0s", "-5m", "five minutes"])
def test_odd_durations_are_refused(text):
    with pytest.raises(ValueError, match="number and a unit"):
        conf.duration(text)


def test_a_password_with_odd_characters_is_taken_literally(tmp_path):
    (tmp_path / ".env").write_text("ORDERMIRROR_SAP_PASSWORD='a$b#c${d}'\n")

    found = conf.read_environment({}, tmp_path / ".env")

    assert found == {"ORDERMIRROR_SAP_PASSWORD": "a$b#c${d}"}


def test_a_database_that_is_not_supported_is_refused():
    assert "sqlite:///path" in problems(DATABASE_URL="oracle://host/name")[0]


def test_a_pool_is_for_postgresql_only():
    told = problems(DATABASE_URL="mysql://host/name", DATABASE_POOL="4")

    assert "only PostgreSQL has a pool" in told[0]
    assert "only PostgreSQL has a pool" in problems(DATABASE_POOL="4")[0]


@pytest.mark.parametrize(
    ("scheme", "missing", "extra"),
    [("mysql", "MySQLdb", "mysql"), ("mariadb", "MySQLdb", "mysql"),
     ("postgresql", "psycopg", "postgres"), ("postgres", "psycopg_pool", "postgres")],
)  # fmt: skip
def test_a_driver_that_is_missing_is_named(monkeypatch, scheme, missing, extra):
    monkeypatch.setattr(conf, "find_spec", lambda name: None if name == missing else name)
    pool = {} if extra == "mysql" else {"DATABASE_POOL": "4"}

    told = problems(DATABASE_URL=f"{scheme}://host/name", **pool)

    assert len(told) == 1
    assert f"{missing} is not installed; run `pip install" in told[0]
    assert f"[{extra}]" in told[0]


def test_the_pools_package_is_needed_with_a_pool_only(monkeypatch):
    monkeypatch.setattr(conf, "find_spec", lambda name: None if name == "psycopg_pool" else name)

    assert load(DATABASE_URL="postgresql://host/name").database_pool is None


@pytest.mark.parametrize(
    "text", ["AB" * 32, "ab" * 32, ":".join(["aB"] * 32), " ".join(["ab"] * 32)]
)
def test_a_fingerprint_may_be_written_as_each_certificate_viewer_does(text):
    assert load(SAP_FINGERPRINT=text).sap_fingerprint == ":".join(["AB"] * 32)


@pytest.mark.parametrize(("text", "told"), [("ab" * 20, "SHA-1"), ("ab" * 31, "64"), ("x", "64")])
def test_what_is_no_sha_256_fingerprint_is_refused(text, told):
    assert told in problems(SAP_FINGERPRINT=text)[0]


def test_a_fingerprint_and_an_authority_together_are_refused(tmp_path):
    (tmp_path / "ca.pem").touch()

    told = problems(SAP_FINGERPRINT="ab" * 32, SAP_CA_FILE=str(tmp_path / "ca.pem"))

    assert ["not both" in problem for problem in told] == [True]


def test_a_fingerprint_for_plain_http_is_refused():
    told = problems(SAP_FINGERPRINT="ab" * 32, SAP_URL="http://127.0.0.1:50001/b1s/v2")

    assert "plain http" in told[0]


def test_a_fingerprint_for_a_gateway_in_plain_http_is_refused():
    told = problems(
        SOURCE="gateway", SAP_FINGERPRINT="ab" * 32, GATEWAY_URL="http://127.0.0.1:50001/orders"
    )

    assert "plain http" in told[0]
    assert "GATEWAY_URL" in told[0]


def test_quiet_hours_are_meant_in_the_time_zone_that_is_set():
    settings = load(SAP_QUIET_HOURS="22:00-06:00", TIME_ZONE="Asia/Dubai")

    until = settings.quiet_until(datetime(2026, 1, 5, 19, 0, tzinfo=UTC))

    assert until == datetime(2026, 1, 6, 2, 0, tzinfo=UTC)
    assert settings.quiet_until(datetime(2026, 1, 5, 17, 0, tzinfo=UTC)) is None


def test_a_line_source_that_is_not_known_is_refused():
    assert "documents or query_service" in problems(SAP_LINES="rows")[0]


def test_a_gateway_needs_its_address_only():
    with pytest.raises(ConfigError) as raised:
        load(SOURCE="gateway").require_sap()

    assert [problem.split()[0] for problem in raised.value.problems] == ["ORDERMIRROR_GATEWAY_URL"]
    load(SOURCE="gateway", GATEWAY_URL="https://gateway/api/SalesOrder").require_sap()


def test_plain_http_to_a_gateway_is_for_this_machine_or_when_it_is_allowed():
    assert load(GATEWAY_URL="http://127.0.0.1:8080/api/SalesOrder")
    assert "unencrypted" in problems(GATEWAY_URL="http://gateway/api/SalesOrder")[0]
    assert load(GATEWAY_URL="http://gateway/api/SalesOrder", SAP_ALLOW_HTTP="true")


@pytest.mark.parametrize(
    "variables",
    [
        {"SOURCE": "excel"},
        {"GATEWAY_URL": "gateway/api"},
        {"GATEWAY_URL": "https://user:secret@gateway/api"},
        {"GATEWAY_HEADER": "X Api Key"},
        {"GATEWAY_TOKEN": "two\nlines"},
    ],
)
def test_what_a_gateway_cannot_be_asked_with_is_refused(variables):
    assert len(problems(**variables)) == 1


def test_a_gateways_token_is_not_shown():
    assert "s3cret" not in str(conf.describe({"ORDERMIRROR_GATEWAY_TOKEN": "s3cret"}))


@pytest.mark.parametrize(
    ("given", "meant"), [("HO,SD", ("HO", "SD")), (" HO , SD ,", ("HO", "SD")), ("C 1", ("C 1",))]
)
def test_customers_are_beginnings_separated_by_commas(given, meant):
    assert load(CUSTOMERS=given).customers == meant


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("HO*", "without"),
        ("HO,%", "without"),
        ("C" * 16, "at most 15 characters"),
        (",", "at least one"),
        (",".join(f"C{number:05}" for number in range(100)), "too many"),
    ],
)
def test_customers_that_sap_could_not_be_asked_for_are_refused(given, problem):
    with pytest.raises(ConfigError, match=problem):
        load(CUSTOMERS=given)


@pytest.mark.parametrize(("given", "days"), [("365d", 365), ("1 D", 1)])
def test_history_is_a_number_of_days(given, days):
    assert load(HISTORY=given).history == timedelta(days=days)


def test_history_is_all_unless_set():
    assert load().history is None
    assert load(HISTORY="All").history is None


@pytest.mark.parametrize("given", ["0d", "2h", "many", "-3d"])
def test_another_history_is_refused(given):
    with pytest.raises(ConfigError, match="365d"):
        load(HISTORY=given)


def test_a_gateway_may_have_a_history_too():
    assert load(SOURCE="gateway", HISTORY="365d").history == timedelta(days=365)


def test_the_scope_is_what_customers_and_history_say():
    settings = load(CUSTOMERS="SD,HO1,HO", HISTORY="10d")

    assert companies.scope_of(settings, date(2026, 1, 11)) == Scope(
        customers=("HO", "SD"), since=date(2026, 1, 1)
    )
    assert companies.scope_of(load(), date(2026, 1, 11)) == EVERYTHING
