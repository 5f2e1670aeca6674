"""The doctor's checks on SAP, against a real sandbox."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from ordermirror.doctor import certificate, sap
from ordermirror.doctor.findings import Level
from ordermirror.doctor.peers import THE_GATEWAY
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.errors import ServiceLayerError
from ordermirror.sandbox.http import error_answer
from ordermirror.sap.session import Session
from ordermirror.sap.source import Traffic
from ordermirror.sap.transport import HttpTransport
from tests.acceptance.support import free_port
from tests.doctored import access, by_title
from tests.support import TODAY

NOW = datetime.now(UTC)


def small(**options) -> Sandbox:
    return Sandbox(SandboxOptions(orders=60, seed=3, today=TODAY, **options))


def forbid(sandbox, monkeypatch, entity: str) -> None:
    respond = sandbox.respond

    def refuse(request):
        if request.path.endswith(f"/{entity}"):
            return error_answer(ServiceLayerError(403, -5006, "no authorization"), 2)
        return respond(request)

    monkeypatch.setattr(sandbox, "respond", refuse)


def fingerprint(port: int) -> str:
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()


def with_colons(digits: str) -> str:
    return bytes.fromhex(digits).hex(":").upper()


@pytest.fixture
def over_tls():
    with small(tls=True).serving() as address:
        yield address


def shown(address, ca_file=None, *, fingerprint=None, now=NOW, host="127.0.0.1"):
    url = address.url(2).replace("127.0.0.1", host)
    return certificate.certificate(url, ca_file=ca_file, fingerprint=fingerprint, now=now)


@pytest.mark.parametrize("version", [1, 2])
def test_a_healthy_sap_has_nothing_to_mend(version):
    with small().serving() as address:
        findings = list(sap.examine(access(address, url=address.url(version))))

    assert {finding.level for finding in findings} == {Level.OK}


def test_the_doctor_logs_out():
    sandbox = small()
    with sandbox.serving() as address:
        list(sap.examine(access(address)))

    assert (sandbox.logins, sandbox.open_sessions) == (1, 0)


def test_the_doctor_asks_for_what_a_refresh_asks_for_and_nothing_else():
    sandbox = small()
    with sandbox.serving() as address:
        list(sap.examine(access(address)))

    assert {request.method for request in sandbox.requests if "/Log" not in request.path} == {"GET"}


@pytest.mark.parametrize(
    ("offered", "level"), [(True, Level.OK), (False, Level.WARN)], ids=["offered", "missing"]
)
def test_query_service_is_tried_where_lines_are_to_come_from_it(offered, level):
    with small(query_service=offered).serving() as address:
        found = by_title(sap.examine(access(address), joined_lines=True))

    assert found["QueryService"].level is level


def test_a_wrong_password_is_tried_once_and_told_in_saps_words():
    sandbox = small()
    with sandbox.serving() as address:
        found = by_title(sap.examine(access(address, password="wrong-canary")))

    assert [request.path for request in sandbox.requests] == ["/b1s/v2/Login"]
    assert found["login"].level is Level.FAIL
    assert "Fail to get DB Credentials from SLD" in found["login"].detail
    assert found["reading Orders"].level is Level.SKIPPED


def test_the_users_name_is_not_told_when_the_login_is_refused():
    with small().serving() as address:
        findings = list(sap.examine(access(address, user="user-canary", password="pass-canary")))

    assert "canary" not in repr(findings)


@pytest.mark.parametrize(
    ("entity", "level"),
    [("Orders", Level.FAIL), ("SalesPersons", Level.FAIL), ("DeliveryNotes", Level.WARN)],
)
def test_what_may_not_be_read_is_told_with_what_suffers(monkeypatch, entity, level):
    sandbox = small()
    forbid(sandbox, monkeypatch, entity)
    with sandbox.serving() as address:
        found = by_title(sap.examine(access(address)))

    finding = found[f"reading {entity}"]
    assert finding.level is level
    assert "403: no authorization" in finding.detail
    assert "otherwise" in finding.mend


def test_other_checks_go_on_when_one_thing_may_not_be_read(monkeypatch):
    sandbox = small()
    forbid(sandbox, monkeypatch, "DeliveryNotes")
    with sandbox.serving() as address:
        found = by_title(sap.examine(access(address)))

    assert found["reading Invoices"].level is Level.OK


def test_compression_that_is_not_used_is_told():
    with small(compress=False).serving() as address:
        found = by_title(sap.examine(access(address)))

    assert "not used" in found["compression"].detail


def test_a_port_at_which_nobody_listens_is_a_failure():
    finding = certificate.address(f"http://127.0.0.1:{free_port()}/b1s/v2")

    assert (finding.level, "does not answer" in finding.detail) == (Level.FAIL, True)


def test_a_name_that_nobody_knows_is_a_failure():
    finding = certificate.address("https://sap.invalid:50000/b1s/v2")

    assert (finding.level, "is not known here" in finding.detail) == (Level.FAIL, True)


def test_plain_http_over_a_network_says_what_it_exposes():
    finding = certificate.certificate(
        "http://sap.example.com/b1s/v2", ca_file=None, fingerprint=None, now=NOW
    )

    assert (finding.level, "password" in finding.detail) == (Level.WARN, True)


def test_plain_http_to_a_gateway_speaks_of_the_gateway_alone():
    finding = certificate.certificate(
        "http://gw.example.com/orders", ca_file=None, fingerprint=None, now=NOW, peer=THE_GATEWAY
    )

    assert (finding.level, "the token" in finding.detail) == (Level.WARN, True)
    assert "ORDERMIRROR_GATEWAY_URL" in finding.mend
    assert "SAP" not in finding.detail + finding.mend


def test_a_gateway_that_does_not_answer_is_not_mended_in_saps_settings():
    finding = certificate.address(f"http://127.0.0.1:{free_port()}/orders", THE_GATEWAY)

    assert finding.level is Level.FAIL
    assert "is the gateway running" in finding.mend
    assert "50000" not in finding.mend


def test_a_gateways_untrusted_certificate_is_compared_with_the_gateways(over_tls):
    found = certificate.certificate(
        over_tls.url(2).replace("127.0.0.1", "127.1"),
        ca_file=over_tls.ca_file, fingerprint=None, now=NOW, peer=THE_GATEWAY,
    )  # fmt: skip

    assert "ORDERMIRROR_GATEWAY_URL" in found.mend
    assert "the gateway's machine" in found.mend


def test_a_trusted_certificate_is_described(over_tls):
    found = shown(over_tls, over_tls.ca_file)

    assert found.level is Level.OK
    assert fingerprint(over_tls.port) in found.detail.replace(":", "")


def test_a_certificate_that_ends_soon_is_a_warning(over_tls):
    expires = datetime(3000, 1, 1, tzinfo=UTC)

    found = shown(over_tls, over_tls.ca_file, now=expires - timedelta(days=20))

    assert found.level is Level.WARN


def test_an_untrusted_certificate_is_a_failure_with_its_true_fingerprint(over_tls):
    found = shown(over_tls)

    assert found.level is Level.FAIL
    assert fingerprint(over_tls.port) in found.detail.replace(":", "")
    assert "ordermirror doctor --trust" in found.mend


def test_a_certificate_of_another_authority_is_a_failure(over_tls):
    with small(tls=True).serving() as other:
        found = shown(over_tls, other.ca_file)

    assert (found.level, "not trusted" in found.detail) == (Level.FAIL, True)


def test_a_file_without_a_certificate_is_a_failure(over_tls, tmp_path):
    (tmp_path / "sap.pem").write_text("no certificate")

    found = shown(over_tls, tmp_path / "sap.pem")

    assert (found.level, "holds no certificate" in found.detail) == (Level.FAIL, True)


@pytest.fixture
def expired(monkeypatch):
    def certify(folder):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        expired = trustme.CA().issue_cert("127.0.0.1", not_after=datetime(2020, 2, 2, tzinfo=UTC))
        expired.configure_cert(context)
        return context, None

    monkeypatch.setattr("ordermirror.sandbox.sandbox.certify", certify)
    with small(tls=True).serving() as address:
        yield address


def test_an_expired_certificate_is_described(expired):
    found = shown(expired)

    assert found.level is Level.FAIL
    assert "valid until 2020-02-02" in found.detail
    assert "expired" in found.mend


def test_an_expired_certificate_that_is_pinned_is_a_warning(expired):
    found = shown(expired, fingerprint=with_colons(fingerprint(expired.port)))

    assert found.level is Level.WARN
    assert "it has ended" in found.detail


def test_a_certificate_that_is_pinned_may_be_made_out_to_another_name(over_tls):
    found = shown(over_tls, fingerprint=with_colons(fingerprint(over_tls.port)), host="127.1")

    assert found.level is Level.OK
    assert "trusted by its fingerprint" in found.detail


def test_another_certificate_than_the_pinned_one_is_told_with_both_fingerprints(over_tls):
    with small(tls=True).serving() as other:
        expected = with_colons(fingerprint(other.port))
        found = shown(over_tls, fingerprint=expected)

    assert found.level is Level.FAIL
    assert expected in found.detail
    assert with_colons(fingerprint(over_tls.port)) in found.detail


def test_http_where_https_is_expected_is_a_failure():
    with small().serving() as address:
        url = address.url(2).replace("http:", "https:")
        finding = certificate.certificate(url, ca_file=None, fingerprint=None, now=NOW)

    assert (finding.level, "no TLS connection" in finding.detail) == (Level.FAIL, True)


def test_a_refresh_trusts_a_certificate_that_stands_in_the_file_itself(over_tls, tmp_path):
    """On Python before 3.13 only an authority's certificate was, against what the setting says."""
    pem = ssl.get_server_certificate(("127.0.0.1", over_tls.port))
    (tmp_path / "sap.pem").write_text(pem)
    transport = HttpTransport(ca_file=tmp_path / "sap.pem", total_seconds=20, connections=1)
    session = Session(access(over_tls), Traffic(), transport)

    session.log_in()

    assert session.version
    session.close()


def test_a_certificate_for_another_name_is_explained(over_tls):
    found = shown(over_tls, over_tls.ca_file, host="127.1")

    assert found.level is Level.FAIL
    assert "not to 127.1" in found.mend
    assert "localhost" in found.mend
