"""One HTTP request to SAP, bounded in time and size. Never follows a redirect."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError

from ordermirror.errors import SAPError, SAPRefused, SAPUnavailable, TooMuchAtOnce
from ordermirror.sap.certificates import (
    CONNECT_SECONDS,
    authorities_context,
    expected_by,
    fingerprint_of,
    shown_by,
    tls_context,
    unchecked_context,
)

CHUNK = 1 << 18
MAX_BYTES = 64 << 20
"""Unpacked. A page of 200 orders of seven lines has some 10 MB, with all properties of lines."""
MAX_BYTES_TOGETHER = 128 << 20
"""Shared by all connections, since each may be receiving an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """The only seam between OrderMirror and the network."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Raises SAPUnavailable when there is no whole answer, SAPRefused for a bad certificate.

        TooMuchAtOnce, an SAPUnavailable, when time or room did not suffice.
        """
        ...

    def close(self) -> None: ...


class HttpTransport:
    """A small pool of kept-alive connections. Certificates are always checked.

    With `fingerprint` (SHA-256, hexadecimal with or without colons) that one certificate is
    trusted, whatever its names, its end and who signed it, and no other one is.
    """

    def __init__(
        self,
        *,
        ca_file: Path | None,
        total_seconds: float,
        connections: int,
        fingerprint: str | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """No answer may be larger than `max_bytes`, or than each connection's share of them all."""
        self._ca_file = ca_file
        self._fingerprint = fingerprint
        self._total_seconds = total_seconds
        self._max_bytes = min(max_bytes, MAX_BYTES_TOGETHER // connections)
        self._pool = (
            urllib3.PoolManager(
                maxsize=connections,
                block=True,
                retries=False,
                assert_fingerprint=fingerprint,
                ssl_context=unchecked_context(),
            )
            if fingerprint
            else urllib3.PoolManager(
                maxsize=connections,
                block=True,
                retries=False,
                cert_reqs="CERT_REQUIRED",
                ca_certs=str(ca_file) if ca_file else None,
                ssl_context=tls_context() if ca_file else authorities_context(),
            )
        )

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        deadline = time.monotonic() + self._total_seconds
        try:
            response = self._pool.request(
                method,
                url,
                headers=headers,
                body=body,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, self._total_seconds), read=self._total_seconds
                ),
            )
        except SSLError as exc:
            raise self._refusal(exc, url) from exc
        except ReadTimeoutError as exc:
            raise TooMuchAtOnce(f"no answer from SAP: {_short(exc)}") from exc
        except HTTPError as exc:
            raise SAPUnavailable(f"no answer from SAP: {_short(exc)}") from exc
        try:
            content = self._read(response, deadline)
        except ReadTimeoutError as exc:
            response.close()
            raise TooMuchAtOnce(f"SAP's answer broke off: {_short(exc)}") from exc
        except HTTPError as exc:
            response.close()
            raise SAPUnavailable(f"SAP's answer broke off: {_short(exc)}") from exc
        except SAPUnavailable:
            response.close()
            raise
        response.release_conn()
        return Answer(response.status, response.headers, content)

    def close(self) -> None:
        self._pool.clear()

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        """Into a buffer that hands over its bytes without a copy."""
        content = BytesIO()
        for chunk in response.stream(CHUNK, decode_content=True):
            if content.tell() + len(chunk) > self._max_bytes:
                raise TooMuchAtOnce(
                    f"SAP's answer is larger than {self._max_bytes >> 20} MB; "
                    "lower ORDERMIRROR_SAP_PAGE_SIZE"
                )
            if time.monotonic() > deadline:
                raise TooMuchAtOnce(
                    f"SAP's answer took longer than {self._total_seconds:g} seconds; "
                    "lower ORDERMIRROR_SAP_PAGE_SIZE or raise ORDERMIRROR_SAP_TIMEOUT"
                )
            content.write(chunk)
        return content.getvalue()

    def _refusal(self, exc: SSLError, url: str) -> SAPError:
        """Nothing was sent yet: neither a password nor a question."""
        reason = exc.args[0]
        if self._fingerprint and (received := _mismatched(exc)):
            return SAPRefused(
                "SAP shows another certificate than the one that is pinned: expected SHA-256 "
                f"{_with_colons(self._fingerprint)}, received {received}; was it renewed? Run "
                "`ordermirror doctor --trust` and compare before ORDERMIRROR_SAP_FINGERPRINT is "
                "changed"
            )
        if isinstance(reason, ssl.SSLCertVerificationError):
            return SAPRefused(
                f"SAP's certificate is not trusted ({reason.verify_message}): expected "
                f"{expected_by(self._ca_file)}, received SHA-256 {_received(url)}; run "
                "`ordermirror doctor --trust` and compare, or name the authority's PEM file in "
                "ORDERMIRROR_SAP_CA_FILE"
            )
        return SAPUnavailable(f"no TLS connection to SAP comes about: {_short(exc)}")


def _mismatched(exc: SSLError) -> str | None:
    """The fingerprint of the certificate that urllib3 received and refused, if that is what
    happened; it names the expected one first."""
    found = re.findall(r"\b[0-9a-f]{64}\b", str(exc))
    return _with_colons(found[-1]) if found else None


def _with_colons(fingerprint: str) -> str:
    return bytes.fromhex(fingerprint.replace(":", "")).hex(":").upper()


def _received(url: str) -> str:
    """Asked for once more, since a failed verification does not tell what it looked at."""
    parts = urlsplit(url)
    try:
        return fingerprint_of(shown_by(parts.hostname or "", parts.port or 443))
    except OSError:
        return "unknown"


def _short(exc: Exception) -> str:
    """Without the pool's own representation, which repeats the address."""
    return str(exc).rsplit(": ", 1)[-1] or type(exc).__name__
