"""Which certificate of SAP's is trusted, and which one a server shows."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import time
from functools import lru_cache
from pathlib import Path

from urllib3.util.ssl_ import create_urllib3_context

CONNECT_SECONDS = 10.0
AUTHORITIES_SECONDS = 3600
MOST_NAMED = 3

_PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def tls_context() -> ssl.SSLContext:
    """Trusts nobody yet. A certificate that is put into it itself is trusted, whoever signed it.

    Python does so by default from 3.13 on only.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def authorities_context() -> ssl.SSLContext:
    """Trusts the authorities that this machine trusts; shared, so nothing may be added to it.

    Reading them all takes longer than a quiet refresh does, so they are read anew each hour only.
    """
    return _authorities_in(hour=int(time.time() // AUTHORITIES_SECONDS))


@lru_cache(maxsize=1)
def _authorities_in(hour: int) -> ssl.SSLContext:
    context = tls_context()
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
