"""One request to SAP: bounded in time and size, over trusted TLS only."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace

import pytest

from ordermirror.errors import SAPRefused, SAPUnavailable
from ordermirror.sandbox import Fault, Sandbox, SandboxOptions
from ordermirror.sap.transport import HttpTransport
from tests.support import TODAY

LOGIN = b'{"CompanyDB": "SBODEMO", "UserName": "manager", "Password": "sandbox"}'


@pytest.fixture
def sandbox():
    return Sandbox(SandboxOptions(orders=5, today=TODAY))


def send(address, *, path="/Login", total_seconds=20.0, **options):
    transport = HttpTransport(
        ca_file=options.pop("ca_file", None),
        total_seconds=total_seconds,
        connections=1,
        **options,
    )
    try:
        return transport.send("POST", address.url(2) + path, {"Accept-Encoding": "gzip"}, LOGIN)
    finally:
        transport.close()


def test_a_body_that_unpacks_to_more_than_the_limit_is_refused(sandbox):
    sandbox.faults.add(Fault(kind="huge", path="Login", megabytes=8))
    with sandbox.serving() as address, pytest.raises(SAPUnavailable, match="larger than 1 MB"):
        send(address, max_bytes=1 << 20)


def test_an_answer_that_takes_too_long_is_given_up(sandbox):
    sandbox.faults.add(Fault(kind="slow", path="Login", seconds=1.0))
    with sandbox.serving() as address, pytest.raises(SAPUnavailable):
        send(address, total_seconds=0.2)


def test_a_connection_that_breaks_off_is_unavailable(sandbox):
    sandbox.faults.add(Fault(kind="truncated", path="Login"))
    with sandbox.serving() as address, pytest.raises(SAPUnavailable, match="broke off"):
        send(address)


def test_a_redirect_is_answered_as_it_is(sandbox):
    sandbox.faults.add(Fault(kind="redirect", path="Login"))
    with sandbox.serving() as address:
        answer = send(address)

    assert answer.status == 302


@pytest.fixture
def secure():
    with Sandbox(SandboxOptions(orders=5, today=TODAY, tls=True)).serving() as address:
        yield address


@pytest.fixture
def another():
    with Sandbox(SandboxOptions(orders=5, today=TODAY, tls=True)).serving() as address:
        yield address


def der_of(address) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", address.port)))


def fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).digest().hex(":").upper()


def test_a_certificate_that_is_not_trusted_is_refused_with_its_fingerprint(secure):
    with pytest.raises(SAPRefused, match="ordermirror doctor --trust") as refused:
        send(secure)

    assert fingerprint(der_of(secure)) in str(refused.value)


def test_a_certificate_that_the_file_names_is_trusted(secure):
    assert send(secure, ca_file=secure.ca_file).status == 200


def test_a_certificate_of_another_authority_is_refused_with_both_fingerprints(secure, another):
    authority = fingerprint(ssl.PEM_cert_to_DER_cert(another.ca_file.read_text()))

    with pytest.raises(SAPRefused) as refused:
        send(secure, ca_file=another.ca_file)

    assert authority in str(refused.value)
    assert fingerprint(der_of(secure)) in str(refused.value)


@pytest.mark.parametrize("write", [str, str.lower, lambda text: text.replace(":", "")])
def test_a_certificate_whose_fingerprint_is_pinned_is_trusted(secure, write):
    assert send(secure, fingerprint=write(fingerprint(der_of(secure)))).status == 200


def test_another_certificate_than_the_pinned_one_is_refused_with_both_fingerprints(secure, another):
    expected, received = fingerprint(der_of(another)), fingerprint(der_of(secure))

    with pytest.raises(SAPRefused) as refused:
        send(secure, fingerprint=expected)

    assert f"expected SHA-256 {expected}, received {received}" in str(refused.value)


def test_another_certificate_of_a_trusted_authority_does_not_pass_for_the_pinned_one(secure):
    """The fingerprint is that of the server's own certificate, not of one it is signed by."""
    authority = ssl.PEM_cert_to_DER_cert(secure.ca_file.read_text())

    with pytest.raises(SAPRefused, match="another certificate"):
        send(secure, fingerprint=fingerprint(authority))


def test_nothing_is_sent_to_a_server_with_the_wrong_certificate(another):
    sandbox = Sandbox(SandboxOptions(orders=5, today=TODAY, tls=True))
    with sandbox.serving() as address, pytest.raises(SAPRefused):
        send(address, fingerprint=fingerprint(der_of(another)))

    assert not sandbox.requests


def test_http_where_https_is_expected_may_pass(sandbox):
    """A proxy that is starting up answers so, and asking again later is right."""
    with sandbox.serving() as address:
        secure = replace(address, scheme="https")
        with pytest.raises(SAPUnavailable, match="no TLS connection"):
            send(secure)
