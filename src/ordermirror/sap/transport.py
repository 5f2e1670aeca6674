"""One HTTP request to SAP, bounded in time and size. Never follows a redirect."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import urllib3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util.ssl_ import create_urllib3_context

from ordermirror.errors import SAPRefused, SAPUnavailable

CONNECT_SECONDS = 10.0
CHUNK = 1 << 18
MAX_BYTES = 256 << 20


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
        """Raises SAPUnavailable when there is no whole answer, SAPRefused for a bad certificate."""
        ...

    def close(self) -> None: ...


class HttpTransport:
    """A small pool of kept-alive connections. Certificates are always checked."""

    def __init__(
        self,
        *,
        ca_file: Path | None,
        total_seconds: float,
        connections: int,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            block=True,
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(ca_file) if ca_file else None,
            ssl_context=tls_context(default_authorities=ca_file is None),
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
            raise SAPRefused(
                f"SAP's certificate is not trusted ({exc}); put it, or the authority that signed "
                "it, into a PEM file and name that in ORDERMIRROR_SAP_CA_FILE"
            ) from exc
        except HTTPError as exc:
            raise SAPUnavailable(f"no answer from SAP: {_short(exc)}") from exc
        try:
            content = self._read(response, deadline)
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
        chunks, size = [], 0
        for chunk in response.stream(CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._max_bytes:
                raise SAPUnavailable(
                    f"SAP's answer is larger than {self._max_bytes >> 20} MB; "
                    "lower ORDERMIRROR_SAP_PAGE_SIZE"
                )
            if time.monotonic() > deadline:
                raise SAPUnavailable(
                    f"SAP's answer took longer than {self._total_seconds:g} seconds; "
                    "lower ORDERMIRROR_SAP_PAGE_SIZE or raise ORDERMIRROR_SAP_TIMEOUT"
                )
            chunks.append(chunk)
        return b"".join(chunks)


def tls_context(*, default_authorities: bool) -> ssl.SSLContext:
    """Trusts a certificate that was put into the PEM file itself, whoever signed it.

    Python does so by default from 3.13 on only.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if default_authorities:
        context.load_default_certs()
    return context


def _short(exc: Exception) -> str:
    """Without the pool's own representation, which repeats the address."""
    return str(exc).rsplit(": ", 1)[-1] or type(exc).__name__
