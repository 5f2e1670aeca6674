"""The way to SAP or a gateway: its address, and the certificate it shows. Writes no file."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ordermirror.conf import LOOPBACK, variable
from ordermirror.doctor.findings import Finding, fail, ok, warn
from ordermirror.doctor.peers import SAP, Peer
from ordermirror.sap.certificates import (
    authorities_context,
    connection,
    fingerprint_of,
    shown_by,
    tls_context,
)

ADDRESS, CERTIFICATE = "SAP address", "certificate"
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
        return fingerprint_of(self.der)

    @property
    def subject(self) -> str:
        return _name(self.names.get("subject"))

    @property
    def issuer(self) -> str:
        return _name(self.names.get("issuer"))

    @property
    def begins(self) -> datetime | None:
        return self._moment("notBefore")

    @property
    def expires(self) -> datetime | None:
        return self._moment("notAfter")

    def described(self) -> str:
        until = f"valid until {self.expires:%Y-%m-%d}, " if self.expires else ""
        return f"subject {self.subject}, issued by {self.issuer}, {until}SHA-256 {self.fingerprint}"

    def _moment(self, name: str) -> datetime | None:
        text = self.names.get(name)
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def address(url: str, peer: Peer = SAP) -> Finding:
    host, port = place(url)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        return fail(
            ADDRESS, f"the name {host} is not known here: {exc.strerror or exc}",
            f"check {variable(peer.address)} and this machine's name server, or write the IP "
            "address",
        )  # fmt: skip
    try:
        connection(host, port).close()
    except OSError as exc:
        return fail(
            ADDRESS, f"{host}, port {port} does not answer: {exc.strerror or exc}",
            f"is {peer.program} running, is the port right{peer.port}, and does a firewall let "
            "this machine through?",
        )  # fmt: skip
    return ok(ADDRESS, f"{host}, port {port} can be reached")


def certificate(
    url: str,
    *,
    ca_file: Path | None,
    fingerprint: str | None,
    now: datetime,
    peer: Peer = SAP,
) -> Finding:
    """What protects the way, by the rules of a refresh."""
    host, port = place(url)
    if urlsplit(url).scheme == "http":
        return _plain(host, peer)
    try:
        context = _trusting(ca_file)
    except (ssl.SSLError, OSError) as exc:
        return fail(
            CERTIFICATE, f"{ca_file} holds no certificate in PEM form ({_reason(exc)})",
            "it must begin with -----BEGIN CERTIFICATE-----; or take ORDERMIRROR_SAP_CA_FILE out "
            "of the settings, and `ordermirror doctor --trust` tells what to set instead",
        )  # fmt: skip
    try:
        shown = look(host, port)
        if fingerprint:
            return _pinned(shown, fingerprint, now, peer)
        refusal = _refusal(host, port, context)
        if refusal is None:
            return _trusted(shown, now, peer)
        alone = _refusal(host, port, _trusting_only(shown.pem))
    except (ssl.SSLError, OSError) as exc:
        return no_tls(exc, peer)
    return _untrusted(shown, refusal, alone, host, peer)


def look(host: str, port: int) -> Shown:
    """What the server shows, whoever it is; raises OSError (ssl.SSLError is one)."""
    der = shown_by(host, port)
    return Shown(der, _names(host, port, ssl.DER_cert_to_PEM_cert(der)))


def no_tls(exc: OSError, peer: Peer = SAP) -> Finding:
    return fail(
        CERTIFICATE, f"no TLS connection comes about: {_reason(exc)}",
        f"is this the https port of {peer.program}? Does it speak TLS 1.2 or newer?",
    )  # fmt: skip


def _plain(host: str, peer: Peer) -> Finding:
    if host in LOOPBACK:
        return ok(CERTIFICATE, "plain http, which does not leave this machine")
    return warn(
        CERTIFICATE,
        f"plain http: whoever can listen on the network between reads {peer.sent} and every "
        "order, and can change what OrderMirror is told",
        f"use an https address in {variable(peer.address)}",
    )


def _trusted(shown: Shown, now: datetime, peer: Peer) -> Finding:
    told = f"trusted; {shown.described()}"
    days = _days_left(shown, now)
    if days is None or days >= SOON_DAYS:
        return ok(CERTIFICATE, told)
    return warn(
        CERTIFICATE, f"{told}; it ends in {days} days, and with it every refresh",
        f"ask {peer.keeper} for the next one, and put it into the PEM file in time",
    )  # fmt: skip


def _pinned(shown: Shown, fingerprint: str, now: datetime, peer: Peer) -> Finding:
    if shown.fingerprint != fingerprint:
        return fail(
            CERTIFICATE,
            f"not the one that is pinned: expected SHA-256 {fingerprint}; received "
            f"{shown.described()}",
            "was it renewed? `ordermirror doctor --trust` tells how to compare, and what to set",
        )
    told = f"trusted by its fingerprint; {shown.described()}"
    days = _days_left(shown, now)
    if days is None or days >= SOON_DAYS:
        return ok(CERTIFICATE, told)
    ends = f"it ends in {days} days" if days >= 0 else "it has ended"
    return warn(
        CERTIFICATE, f"{told}; {ends}, which a pinned certificate may",
        f"once {peer.keeper} renews it, refreshes stop until the new fingerprint is set",
    )  # fmt: skip


def _days_left(shown: Shown, now: datetime) -> int | None:
    return (shown.expires - now).days if shown.expires else None


def _untrusted(
    shown: Shown,
    refusal: ssl.SSLCertVerificationError,
    alone: ssl.SSLCertVerificationError | None,
    host: str,
    peer: Peer,
) -> Finding:
    """`alone` is why it would be refused as an authority's file too; None when it would not."""
    told = f"not trusted ({refusal.verify_message}); {shown.described()}"
    compare = (
        "run `ordermirror doctor --trust`, compare the fingerprint with the one that is read on "
        f"{peer.machine}, and put the line that it tells into .env"
    )
    if alone is None:
        return fail(CERTIFICATE, told, compare)
    if alone.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        names = ", ".join(_alternatives(shown.names)) or shown.subject
        return fail(
            CERTIFICATE, told,
            f"it is made out to {names}, not to {host}: write a name it is made out to in "
            f"{variable(peer.address)}; or {compare}",
        )  # fmt: skip
    if alone.verify_code == _EXPIRED:
        return fail(CERTIFICATE, told, f"it has expired: {peer.keeper} must renew it; or {compare}")
    return fail(CERTIFICATE, told, compare)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The product's own rules, so that the doctor trusts what a refresh trusts."""
    context = tls_context() if ca_file else authorities_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _trusting_only(pem: str) -> ssl.SSLContext:
    context = tls_context()
    context.load_verify_locations(cadata=pem)
    return context


def _refusal(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLCertVerificationError | None:
    try:
        with (
            connection(host, port) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as exc:
        return exc


def _names(host: str, port: int, pem: str) -> Mapping[str, Any]:
    """ssl decodes trusted certificates only, so ask again while trusting exactly this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    try:
        with (
            connection(host, port) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            return tls.getpeercert() or {}
    except ssl.SSLError:
        return {}


def _name(parts: Iterable[Iterable[tuple[str, str]]] | None) -> str:
    """`commonName` if there is one, else all there is."""
    pairs = [pair for part in parts or () for pair in part]
    common = [value for key, value in pairs if key == "commonName"]
    return ", ".join(common or [value for _, value in pairs]) or "unknown"


def _alternatives(names: Mapping[str, Any]) -> list[str]:
    return [value for _, value in names.get("subjectAltName", ())]


def _reason(exc: OSError) -> str:
    return getattr(exc, "reason", None) or exc.strerror or str(exc)
