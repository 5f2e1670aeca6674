"""A logged-in session with the Service Layer: who may retry what, and how often.

Sends nothing but Login, Logout, GET and the one POST that only reads.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from urllib3._collections import HTTPHeaderDict

from ordermirror.errors import BadAnswer, SAPError, SAPRefused, SAPUnavailable, TooMuchAtOnce
from ordermirror.phases import Phase, during
from ordermirror.sap.pace import Turns, retry_after
from ordermirror.sap.source import Traffic
from ordermirror.sap.transport import Answer, Transport

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_MESSAGE = 1 << 16
"""A larger body is no error of SAP's; it is not looked into, whatever it may hold."""

LOGIN = "/Login"
QUERY = "/QueryService_PostQuery"
"""Joins of entity sets; a POST only because its question is long."""
ALLOWED_POSTS = (LOGIN, "/Logout", QUERY)

Asking = tuple[str, dict[str, str]]
"""A path and its headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one company at SAP. `url` ends in /b1s/v1 or /b1s/v2."""

    url: str
    company_db: str
    user: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    fingerprint: str | None = None
    """SHA-256 of the one certificate that is trusted; None: by `ca_file`, or as this machine."""
    total_seconds: float = 120.0
    parallel: int = 2
    """Requests under way at once; 0 asks in the caller's thread, one after the other."""
    calls_per_minute: int | None = None
    """None: as many as there are."""


class _Error(msgspec.Struct):
    """v1 sends an integer code and an object, v2 a string code and a string."""

    code: int | str | None = None
    message: dict[str, object] | str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Error


class _LoginBody(msgspec.Struct):
    version: str | None = msgspec.field(default=None, name="Version")


class Session:
    """Logs in when first used, once for all threads; logs out at `close`."""

    posts: Collection[str] = ALLOWED_POSTS
    """The only paths that anything is posted to."""

    def __init__(
        self,
        access: Access,
        traffic: Traffic,
        transport: Transport,
        *,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` tells the seconds by which pauses are measured."""
        self._access = access
        self._traffic = traffic
        self._transport = transport
        self._pause = pause
        self._turns = Turns(
            parallel=access.parallel,
            calls_per_minute=access.calls_per_minute,
            clock=monotonic,
            pause=pause,
        )
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._cookie: str | None = None
        self.version: str | None = None
        """The Service Layer's, as it said at the login."""

    def log_in(self) -> None:
        """Log in now, with one attempt; raises SAPRefused or SAPUnavailable."""
        self._logged_in(expired=None)

    def ask(self, path: str, headers: dict[str, str]) -> Answer:
        """GET `path` once, whatever the answer; raises SAPUnavailable when there is none."""
        return self._send_in_session("GET", path, headers)[0]

    def get(
        self,
        path: str,
        headers: dict[str, str],
        read: Callable[[bytes], T],
        *,
        took: Callable[[float], None] = lambda seconds: None,
        less: Callable[[], Asking] | None = None,
    ) -> T:
        """GET `path` and `read` the body, again after a pause when either fails for now.

        `took` is told how long the answer that was read took, in seconds. `less` says what to ask
        for instead when the answer was too much at once. Raises SAPUnavailable or BadAnswer when it
        still fails at the last attempt, and SAPRefused at once.
        """
        return self._persist("GET", path, headers, None, read, took=took, less=less)

    def query(self, body: bytes, headers: dict[str, str], read: Callable[[bytes], T]) -> T:
        """Put a question of joins, as `get` does any other one."""
        return self._persist("POST", QUERY, headers, body, read)

    def _persist(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        read: Callable[[bytes], T],
        *,
        took: Callable[[float], None] = lambda seconds: None,
        less: Callable[[], Asking] | None = None,
    ) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            told_to_wait, status = False, None
            try:
                answer, seconds = self._send_in_session(method, path, headers, body)
                status = answer.status
                told_to_wait = _told_to_wait(answer) is not None
                with during(Phase.DECODE):
                    result = read(usable(answer).body)
                took(seconds)
                return result
            except SAPError as exc:
                exc.about(method, path, status)
                if not isinstance(exc, SAPUnavailable | BadAnswer):
                    raise
                if attempt == ATTEMPTS or self._turns.closed:
                    raise
                self._count_retry(exc)
                logger.info("asking SAP again, attempt %d of %d: %s", attempt + 1, ATTEMPTS, exc)
                if less and isinstance(exc, TooMuchAtOnce):
                    path, headers = less()
                if not told_to_wait:
                    with during(Phase.SAP):
                        self._pause(_pause_seconds(attempt))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Log out, so that the licence is free again. Never raises."""
        cookie, self._cookie = self._cookie, None
        if cookie:
            try:
                self._send("POST", "/Logout", {"Cookie": cookie}, b"")
            except (SAPUnavailable, SAPRefused) as exc:
                logger.info("logging out of SAP failed: %s", exc)
        self._transport.close()

    def note(self, text: str) -> None:
        """Tell what was done otherwise than first meant."""
        with self._counting:
            self._traffic.note(text)

    def _count_retry(self, reason: SAPError) -> None:
        asked = reason.asked
        with self._counting:
            self._traffic.retries += 1
            if asked:
                self._traffic.note(f"asked again, {asked.method} {asked.path}: {reason}")

    def _send_in_session(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[Answer, float]:
        """The answer and its seconds. Logs in again and replays once when the session has ended."""
        cookie = self._logged_in(expired=None)
        answer, seconds = self._send(method, path, {**headers, "Cookie": cookie}, body)
        if answer.status == 401:
            cookie = self._logged_in(expired=cookie)
            answer, seconds = self._send(method, path, {**headers, "Cookie": cookie}, body)
            if answer.status == 401:
                refused = f"SAP refuses its own new session: {message_of(answer)}"
                raise SAPRefused(refused).about(method, path, answer.status)
        return answer, seconds

    def _logged_in(self, *, expired: str | None) -> str:
        with self._lock:
            if self._cookie is None or self._cookie == expired:
                self._cookie = self._log_in()
            return self._cookie

    def _log_in(self) -> str:
        """One attempt: a refusal must not be repeated, and `get` repeats the rest."""
        access = self._access
        body = msgspec.json.encode(
            {"CompanyDB": access.company_db, "UserName": access.user, "Password": access.password}
        )
        status = None
        try:
            answer, _ = self._send("POST", LOGIN, {"Content-Type": "application/json"}, body)
            status = answer.status
            cookie = self._cookie_of(answer)
        except SAPError as exc:
            exc.about("POST", LOGIN, status)
            raise
        self._traffic.logins += 1
        self.version = _version(answer)
        return cookie

    def _cookie_of(self, answer: Answer) -> str:
        """The session that a login gave."""
        if answer.status == 429 or answer.status >= 500:
            raise SAPUnavailable(f"SAP could not log in: {message_of(answer)}")
        if answer.status != 200:
            access = self._access
            raise SAPRefused(
                f"SAP refused the login of {access.user} to {access.company_db}: "
                f"{message_of(answer)}; check ORDERMIRROR_SAP_USER, _PASSWORD and _COMPANY_DB "
                "before trying again, or SAP may lock the user"
            )
        return _session_cookie(answer)

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[Answer, float]:
        """The answer and the seconds it took, when it is this request's turn.

        A logout waits for nothing: it sets a licence free.
        """
        if method != "GET" and (method != "POST" or path not in self.posts):
            raise AssertionError(f"OrderMirror only reads: {method} {path}")
        with during(Phase.SAP), nullcontext() if path == "/Logout" else self._turns.turn():
            started = time.monotonic()
            size = 0
            try:
                answer = self._transport.send(
                    method, self._access.url + path, {"Accept-Encoding": "gzip", **headers}, body
                )
                size = len(answer.body)
            finally:
                seconds = time.monotonic() - started
                self._count(size, seconds)
            if told := _told_to_wait(answer):
                self._turns.leave_alone(told)
        return answer, seconds

    def _count(self, size: int, seconds: float) -> None:
        with self._counting:
            self._traffic.requests += 1
            self._traffic.bytes += size
            self._traffic.seconds_waited += seconds


def _version(answer: Answer) -> str | None:
    try:
        return msgspec.json.decode(answer.body, type=_LoginBody).version
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def usable(answer: Answer) -> Answer:
    """The answer if it is a 200; otherwise the error that says what to do."""
    status = answer.status
    if status == 200:
        return answer
    if status == 429 or status >= 500:
        raise SAPUnavailable(f"SAP answered {status}: {message_of(answer)}")
    if 300 <= status < 400:
        raise SAPRefused(
            f"SAP's address answered with a redirect ({status}), which is never followed; "
            "check the address in the settings"
        )
    raise SAPRefused(f"SAP answered {status}: {message_of(answer)}")


def message_of(answer: Answer) -> str:
    """SAP's own words, or what kind of body came instead of them."""
    body = answer.body[:LONGEST_MESSAGE]
    try:
        error = msgspec.json.decode(body, type=_ErrorBody).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else "no message"
        return f"{kind} (HTTP {answer.status})"
    text = error.message.get("value") if isinstance(error.message, dict) else error.message
    return f"{text} (code {error.code})".replace("\0", " ")  # PostgreSQL stores no NUL


def _session_cookie(answer: Answer) -> str:
    """SAP's Set-Cookie headers are odd (no path, trailing semicolon), so read them by hand."""
    headers = answer.headers
    cookies = headers.getlist("Set-Cookie") if isinstance(headers, HTTPHeaderDict) else []
    pairs = [cookie.split(";", 1)[0].strip() for cookie in cookies]
    kept = [pair for pair in pairs if pair.startswith(("B1SESSION=", "ROUTEID="))]
    if not any(pair.startswith("B1SESSION=") for pair in kept):
        raise SAPUnavailable("SAP's answer to the login carries no session")
    return "; ".join(kept)


def _told_to_wait(answer: Answer) -> float | None:
    """For how many seconds a server that has too much to do wants to be left alone."""
    if answer.status not in (429, 503):
        return None
    return retry_after(answer.headers, now=datetime.now(UTC))


def _pause_seconds(attempt: int) -> float:
    """Doubling with jitter."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
    return float(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * jitter)
