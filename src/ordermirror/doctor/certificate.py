"""The way to SAP: its address, and the certificate it shows. Standard library's ssl and socket."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ordermirror.conf import LOOPBACK
from ordermirror.doctor.findings import Finding, fail, ok, warn
from ordermirror.sap.transport import CONNECT_SECONDS, tls_context

ADDRESS, CERTIFICATE, TRUST = "SAP address", "certificate", "certificate file"
SOON_DAYS = 30

_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which ssl does not name
_EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a server shows it, whether it is trusted or not."""

    der: bytes
    names: Mapping[str, Any]
    """As `ssl.SSLSocket.getpeercert` has it; empty when it can't be read."""

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.der)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).digest().hex(":").upper()

    @property
    def expires(self) -> datetime | None:
        text = self.names.get("notAfter")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None

    def described(self) -> str:
        until = f"valid until {self.expires:%Y-%m-%d}, " if self.expires else ""
        return (
            f"subject {_name(self.names.get('subject'))}, issued by "
            f"{_name(self.names.get('issuer'))}, {until}SHA-256 {self.fingerprint}"
        )


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def address(url: str) -> Finding:
    host, port = place(url)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        return fail(
            ADDRESS, f"the name {host} is not known here: {exc.strerror or exc}",
            "check ORDERMIRROR_SAP_URL and this machine's name server, or write SAP's IP address",
        )  # fmt: skip
    try:
        _connection(host, port).close()
    except OSError as exc:
        return fail(
            ADDRESS, f"{host}, port {port} does not answer: {exc.strerror or exc}",
            "is the Service Layer running, is the port right (usually 50000), and does a firewall "
            "let this machine through?",
        )  # fmt: skip
    return ok(ADDRESS, f"{host}, port {port} can be reached")


def certificate(
    url: str, ca_file: Path | None, *, now: datetime, save: Path | None
) -> list[Finding]:
    """What protects the way; with `save`, writes a certificate that is not trusted to a file."""
    host, port = place(url)
    if urlsplit(url).scheme == "http":
        return [_plain(host)]
    try:
        context = _trusting(ca_file)
    except (ssl.SSLError, OSError) as exc:
        return [
            fail(
                CERTIFICATE, f"{ca_file} holds no certificate in PEM form ({_reason(exc)})",
                "it must begin with -----BEGIN CERTIFICATE-----; `ordermirror doctor --trust FILE` "
                "writes such a file once ORDERMIRROR_SAP_CA_FILE is taken out of the settings",
            )
        ]  # fmt: skip
    try:
        shown = _shown(host, port)
        refusal = _refusal(host, port, context)
    except (ssl.SSLError, OSError) as exc:
        return [
            fail(
                CERTIFICATE, f"no TLS connection comes about: {_reason(exc)}",
                "is this the Service Layer's https port? Does it speak TLS 1.2 or newer?",
            )
        ]  # fmt: skip
    if refusal is None:
        findings = [_trusted(shown, now)]
        if save:
            findings.append(ok(TRUST, f"{save} was not written: the certificate is trusted"))
        return findings
    pinned = _refusal(host, port, _trusting_only(shown.pem))
    findings = [_untrusted(shown, refusal, pinned, host)]
    if save:
        findings.append(_saved(shown, save, pinned))
    return findings


def _plain(host: str) -> Finding:
    if host in LOOPBACK:
        return ok(CERTIFICATE, "plain http, which does not leave this machine")
    return warn(
        CERTIFICATE,
        "plain http: whoever can listen on the network between reads the SAP user's password and "
        "every order, and can change what OrderMirror is told",
        "use SAP's https address",
    )


def _trusted(shown: Shown, now: datetime) -> Finding:
    told = f"trusted; {shown.described()}"
    if shown.expires is None:
        return ok(CERTIFICATE, told)
    days = (shown.expires - now).days
    if days < SOON_DAYS:
        return warn(
            CERTIFICATE, f"{told}; it ends in {days} days, and with it every refresh",
            "ask the SAP administrator for the next one, and put it into the PEM file in time",
        )  # fmt: skip
    return ok(CERTIFICATE, told)


def _untrusted(
    shown: Shown,
    refusal: ssl.SSLCertVerificationError,
    pinned: ssl.SSLCertVerificationError | None,
    host: str,
) -> Finding:
    told = f"not trusted ({refusal.verify_message}); {shown.described()}"
    if pinned is None:
        return fail(
            CERTIFICATE, told,
            "compare this fingerprint with the one the SAP administrator reads on the SAP server; "
            "if they are equal, run `ordermirror doctor --trust sap.pem`, which saves the "
            "certificate to that file, and set ORDERMIRROR_SAP_CA_FILE to the file's whole path",
        )  # fmt: skip
    if pinned.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        names = ", ".join(_alternatives(shown.names)) or _name(shown.names.get("subject"))
        return fail(
            CERTIFICATE, told,
            f"it is made out to {names}, not to {host}: write a name it is made out to in "
            "ORDERMIRROR_SAP_URL (an entry in the hosts file may lead there), or have it made anew",
        )  # fmt: skip
    if pinned.verify_code == _EXPIRED:
        return fail(CERTIFICATE, told, "it has expired: the SAP administrator must renew it")
    return fail(CERTIFICATE, told, "the SAP administrator must have the certificate made anew")


def _saved(shown: Shown, file: Path, pinned: ssl.SSLCertVerificationError | None) -> Finding:
    if pinned is not None:
        return fail(
            TRUST, f"{file} was not written: trusting this certificate would not help "
            f"({pinned.verify_message})", "mend the certificate first"
        )  # fmt: skip
    try:
        with file.open("x", encoding="ascii") as out:
            out.write(shown.pem)
    except FileExistsError:
        return fail(TRUST, f"{file} exists and was left as it is", "name a new file")
    except OSError as exc:
        return fail(TRUST, f"{file} can't be written: {exc.strerror}", "name another file")
    return ok(
        TRUST, f"the certificate with the fingerprint {shown.fingerprint} is in {file}",
        "only when the SAP administrator's fingerprint is the same: set "
        f"ORDERMIRROR_SAP_CA_FILE={file.resolve()} and run `ordermirror doctor` again",
    )  # fmt: skip


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The product's own rules, so that the doctor trusts what a refresh trusts."""
    context = tls_context(default_authorities=ca_file is None)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _trusting_only(pem: str) -> ssl.SSLContext:
    context = tls_context(default_authorities=False)
    context.load_verify_locations(cadata=pem)
    return context


def _refusal(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLCertVerificationError | None:
    try:
        with (
            _connection(host, port) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as exc:
        return exc


def _shown(host: str, port: int) -> Shown:
    """Nothing but the handshake goes over these connections, so nothing is entrusted to them."""
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    with (
        _connection(host, port) as plain,
        unchecked.wrap_socket(plain, server_hostname=host) as tls,
    ):
        der = tls.getpeercert(binary_form=True) or b""
    return Shown(der, _names(host, port, ssl.DER_cert_to_PEM_cert(der)))


def _names(host: str, port: int, pem: str) -> Mapping[str, Any]:
    """ssl decodes trusted certificates only, so ask again while trusting exactly this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    try:
        with (
            _connection(host, port) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            return tls.getpeercert() or {}
    except ssl.SSLError:
        return {}


def _connection(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=CONNECT_SECONDS)


def _name(parts: Iterable[Iterable[tuple[str, str]]] | None) -> str:
    """`commonName` if there is one, else all there is."""
    pairs = [pair for part in parts or () for pair in part]
    common = [value for key, value in pairs if key == "commonName"]
    return ", ".join(common or [value for _, value in pairs]) or "unknown"


def _alternatives(names: Mapping[str, Any]) -> list[str]:
    return [value for _, value in names.get("subjectAltName", ())]


def _reason(exc: OSError) -> str:
    return getattr(exc, "reason", None) or exc.strerror or str(exc)
