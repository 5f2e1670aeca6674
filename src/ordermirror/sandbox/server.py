"""The sandbox on a real socket: HTTP/1.1 with keep-alive on 127.0.0.1, over TLS if asked."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from typing import Any
from urllib.parse import unquote

from ordermirror.sandbox.errors import error_body
from ordermirror.sandbox.gateway import PATH as GATEWAY_PATH
from ordermirror.sandbox.http import Answer, LoggedRequest, Request, json_answer

_ABSOLUTE_FORM = re.compile(r"^https?://[^/?]*", re.IGNORECASE)
"""Some clients send the whole URL as the request target; HTTP/1.1 servers must take it."""
_STEERING = ("prefer", "b1s-pagesize", "if-match")
_REQUESTS_PER_CONNECTION = 100
_WRITE_SECONDS = 60.0
_WORTH_COMPRESSING = 512
_MOST_BODY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a sandbox is being served."""

    port: int
    scheme: str = "http"
    ca_file: Path | None = None
    """The certificate of the authority that signed ours, for clients to trust."""

    @property
    def root(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def url(self, version: int = 2) -> str:
        return f"{self.root}/b1s/v{version}"

    @property
    def gateway_url(self) -> str:
        return self.root + GATEWAY_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How the server speaks, apart from what it says."""

    compress: bool
    keep_alive_seconds: float
    delay: Callable[[Answer], float]
    """Seconds an answer takes."""
    log: Callable[[LoggedRequest], None]


class Server(ThreadingHTTPServer):
    """One thread a connection. Stopping it closes the connections still open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        respond: Callable[[Request], Answer],
        wire: Wire,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.respond = respond
        self.wire = wire
        self.stopping = Event()
        self.scheme = "http" if tls is None else "https"
        self._tls = tls
        self._lock = Lock()
        self._workers: dict[Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, client = super().get_request()
        if self._tls is not None:  # the handshake is left to the connection's own thread
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, client

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = Thread(target=self._work, args=(request, client_address), daemon=True)
        with self._lock:
            self._workers[worker] = request
        worker.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that vanish are daily bread; anything else would be a bug worth a traceback."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._lock:
            workers = dict(self._workers)
        for connection in workers.values():
            _hang_up(connection)
        for worker in workers:
            worker.join(timeout=5)
        self.server_close()

    def _work(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._workers.pop(current_thread(), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Apache/2.4.57 (Unix)"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self._served = 0
        self._patience = self.server.wire.keep_alive_seconds
        self.connection.settimeout(self._patience)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        self._served += 1
        target = _ABSOLUTE_FORM.sub("", self.path) or "/"
        path, _, query = target.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if body is None:
            return
        request = Request(
            method=self.command,
            path=unquote(path),
            query=query,
            headers=headers,
            body=body,
            base=f"{self.server.scheme}://{headers.get('host', '127.0.0.1')}",
        )
        answer = self._answer(request)
        self.server.stopping.wait(self.server.wire.delay(answer))
        self._send(request, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_MERGE = _serve

    def _answer(self, request: Request) -> Answer:
        if "100-continue" in request.headers.get("expect", "").lower():
            return Answer(status=500)  # what SAP's Apache front does
        try:
            return self.server.respond(request)
        except Exception as exc:
            traceback.print_exc()
            version = 1 if "/b1s/v1" in request.path else 2
            return json_answer(500, error_body(-1, f"Sandbox error: {exc!r}", version), version)

    def _body(self, headers: dict[str, str]) -> bytes | None:
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _MOST_BODY_BYTES:
            self.close_connection = True
            self.wfile.write(b"HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n\r\n")
            return None
        return self.rfile.read(int(length))

    def handle_expect_100(self) -> bool:
        return True

    def _send(self, request: Request, answer: Answer) -> None:
        if answer.reset:
            self._log(request, answer, 0)
            self.close_connection = True
            _reset(self.connection)
            return
        body, encoding = self._encoded(request, answer)
        self._log(request, answer, len(body))
        closing = answer.cut or self.close_connection or self._served >= _REQUESTS_PER_CONNECTION
        head = self._head(answer, len(body), [*encoding, *self._connection_headers(closing)])
        if request.method == "HEAD":
            body = b""
        if answer.cut:
            body = body[: len(body) // 2]
        self.connection.settimeout(_WRITE_SECONDS)
        self.wfile.write(head + body)
        self.connection.settimeout(self._patience)
        self.close_connection = closing

    def _encoded(self, request: Request, answer: Answer) -> tuple[bytes, list[tuple[str, str]]]:
        body, vary = answer.body, ("Vary", "Accept-Encoding")
        wanted = "gzip" in request.headers.get("accept-encoding", "")
        if not (self.server.wire.compress and wanted and len(body) >= _WORTH_COMPRESSING):
            return body, [vary]
        return gzip.compress(body, compresslevel=1), [vary, ("Content-Encoding", "gzip")]

    def _connection_headers(self, closing: bool) -> list[tuple[str, str]]:
        if closing:
            return [("Connection", "close")]
        left = _REQUESTS_PER_CONNECTION - self._served
        timeout = f"timeout={self._patience:g}, max={left}"
        return [("Keep-Alive", timeout), ("Connection", "Keep-Alive")]

    def _head(self, answer: Answer, length: int, more: list[tuple[str, str]]) -> bytes:
        phrase = responses.get(answer.status, "")
        headers = [
            ("Date", formatdate(usegmt=True)),
            ("Server", self.server_version),
            *answer.headers,
            *more,
        ]
        if answer.status != 204:
            headers.append(("Content-Length", str(length)))
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{n}: {v}" for n, v in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _log(self, request: Request, answer: Answer, length: int) -> None:
        self.server.wire.log(
            LoggedRequest(
                method=request.method,
                path=request.path,
                query=request.query,
                status=answer.status,
                bytes=length,
                headers={each: text for each in _STEERING if (text := request.headers.get(each))},
            )
        )


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have been faster
        connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """Close at once and without a goodbye, as a dying proxy does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
