"""One request to SAP: bounded in time and size, over trusted TLS only."""

from __future__ import annotations

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


def test_a_certificate_that_is_not_trusted_is_refused():
    secure = Sandbox(SandboxOptions(orders=5, today=TODAY, tls=True))
    with secure.serving() as address, pytest.raises(SAPRefused, match="ORDERMIRROR_SAP_CA_FILE"):
        send(address)


def test_a_certificate_that_is_pinned_is_trusted():
    secure = Sandbox(SandboxOptions(orders=5, today=TODAY, tls=True))
    with secure.serving() as address:
        answer = send(address, ca_file=address.ca_file)

    assert answer.status == 200
