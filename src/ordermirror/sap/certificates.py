"""Which certificate of SAP's is trusted, and which one a server shows."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from pathlib import Path

from urllib3.util.ssl_ import create_urllib3_context

CONNECT_SECONDS = 10.0
MOST_NAMED = 3

_PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def tls_context(*, default_authorities: bool) -> ssl.SSLContext:
    """Trusts a certificate that was put into the PEM file itself, whoever signed it.

    Python does so by default from 3.13 on only.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if default_authorities:
        context.load_default_certs()
    return context


def unchecked_context() -> ssl.SSLContext:
    """For a handshake only, or where the fingerprint is compared before anything is sent."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
    context.check_hostname = False
    return context


def fingerprint_of(der: bytes) -> str:
    """SHA-256 as certificate viewers write it: AB:CD:…"""
    return hashlib.sha256(der).digest().hex(":").upper()


def fingerprints_in(ca_file: Path) -> list[str]:
    """Of every certificate in a PEM file."""
    blocks = _PEM.findall(ca_file.read_text(encoding="ascii", errors="replace"))
    return [fingerprint_of(ssl.PEM_cert_to_DER_cert(block)) for block in blocks]


def shown_by(host: str, port: int) -> bytes:
    """The certificate (DER) that a server shows, trusted or not; raises OSError.

    Nothing but the handshake goes over this connection, so nothing is entrusted to it.
    """
    with (
        connection(host, port) as plain,
        unchecked_context().wrap_socket(plain, server_hostname=host) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def connection(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=CONNECT_SECONDS)


def expected_by(ca_file: Path | None) -> str:
    """In words, the certificates that are trusted."""
    if ca_file is None:
        return "one signed by an authority that this machine trusts"
    found = fingerprints_in(ca_file)
    named = ", ".join(found[:MOST_NAMED]) + (" …" if len(found) > MOST_NAMED else "")
    return f"one that is in {ca_file}, or signed by one in it (SHA-256 {named})"
