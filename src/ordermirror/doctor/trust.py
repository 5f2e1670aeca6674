"""The certificate that is shown, for a person to compare before it is trusted. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ordermirror.conf import Settings, variable
from ordermirror.doctor import certificate
from ordermirror.doctor.certificate import Shown
from ordermirror.doctor.findings import Finding, Level
from ordermirror.doctor.peers import Peer, peer_of, url_of
from ordermirror.errors import ConfigError, OrderMirrorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`verdict` is what the settings make of the certificate as they are now."""

    host: str
    port: int
    shown: Shown
    verdict: Finding
    takes_file_out: bool
    peer: Peer

    @property
    def trusted(self) -> bool:
        return self.verdict.level is not Level.FAIL

    @property
    def line(self) -> str:
        """What pins this certificate in the settings."""
        return f"{variable('sap_fingerprint')}={self.shown.fingerprint}"

    def as_json(self) -> dict[str, Any]:
        shown = self.shown
        return {
            "host": self.host,
            "port": self.port,
            "subject": shown.subject,
            "issuer": shown.issuer,
            "valid_from": shown.begins.isoformat() if shown.begins else None,
            "valid_until": shown.expires.isoformat() if shown.expires else None,
            "sha256": shown.fingerprint,
            "trusted": self.trusted,
            "detail": self.verdict.detail,
            "line": self.line,
        }

    def facts(self) -> list[tuple[str, str]]:
        shown = self.shown
        return [
            ("subject", shown.subject),
            ("issued by", shown.issuer),
            ("valid from", f"{shown.begins:%Y-%m-%d}" if shown.begins else "unknown"),
            ("valid until", f"{shown.expires:%Y-%m-%d}" if shown.expires else "unknown"),
            ("SHA-256", shown.fingerprint),
        ]

    def advice(self) -> list[str]:
        if self.trusted:
            return ["It is trusted as the settings are; nothing has to be changed."]
        sentences = [
            f"With the settings as they are: {self.verdict.detail.partition(';')[0]}.",
            "Compare the SHA-256 fingerprint with the one that is read on "
            f"{self.peer.machine} itself: open the address in a browser there and look at its "
            f"certificate, or ask {self.peer.keeper}. If they differ, somebody is in between: "
            "change nothing.",
            "Only if they are equal, put this line into .env:",
            self.line,
        ]
        if self.takes_file_out:
            sentences.append(
                f"and take {variable('sap_ca_file')} out, since only one of the two can be set."
            )
        return sentences


def look(settings: Settings, *, now: datetime) -> Looked:
    """Only a handshake: no password is needed or sent. Raises when there is no certificate."""
    url, peer = url_of(settings), peer_of(settings)
    if not url:
        raise ConfigError([f"{variable(peer.address)} is not set: it tells where to look"])
    if urlsplit(url).scheme == "http":
        raise OrderMirrorError(f"{url} is plain http, in which there is no certificate to trust")
    host, port = certificate.place(url)
    try:
        shown = certificate.look(host, port)
    except OSError as exc:
        raise OrderMirrorError(certificate.no_tls(exc, peer).detail) from exc
    verdict = certificate.certificate(
        url,
        ca_file=settings.sap_ca_file,
        fingerprint=settings.sap_fingerprint,
        now=now,
        peer=peer,
    )
    return Looked(
        host=host,
        port=port,
        shown=shown,
        verdict=verdict,
        takes_file_out=settings.sap_ca_file is not None,
        peer=peer,
    )
