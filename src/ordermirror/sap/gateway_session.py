"""Questions to a gateway: each is one POST that reads, with the token in a header.

Sends nothing but the filter of a question.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from ordermirror.sap.session import Access, Session
from ordermirror.sap.source import Traffic
from ordermirror.sap.transport import Answer, Transport

T = TypeVar("T")

ORDERS = ""
"""The address is that of the orders itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAccess:
    """How to reach a gateway's sales orders. `token` is the whole value of the header `header`."""

    url: str
    token: str = field(default="", repr=False)
    header: str = "Authorization"
    ca_file: Path | None = None
    fingerprint: str | None = None
    total_seconds: float = 120.0
    parallel: int = 2
    """Requests under way at once; 0 asks in the caller's thread, one after the other."""
    calls_per_minute: int | None = None


class GatewaySession(Session):
    """Asks as patiently as any other; there is nothing to log in to, so an answer counts as one."""

    posts = (ORDERS,)

    def __init__(
        self,
        access: GatewayAccess,
        traffic: Traffic,
        transport: Transport,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        reached = Access(
            url=access.url,
            company_db="",
            user="",
            password="",
            parallel=access.parallel,
            calls_per_minute=access.calls_per_minute,
        )
        super().__init__(reached, traffic, transport, pause=pause)
        self._headers = {"Content-Type": "application/json"}
        if access.token:
            self._headers[access.header] = access.token

    def post(self, question: dict[str, str | int], read: Callable[[bytes], T]) -> T:
        """Put a question, as `get` does any other one."""
        body = msgspec.json.encode(question)
        result = self._persist("POST", ORDERS, self._headers, body, read)
        self._traffic.logins = 1
        return result

    def _send_in_session(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[Answer, float]:
        return self._send(method, path, headers, body)
