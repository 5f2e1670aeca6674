"""`POST $batch`: several requests in one multipart body, answered in one multipart body.

They are carried out one after another, and the first that fails ends the batch: the answers of
those behind it are missing. A change set is carried out whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http.client import responses
from typing import Protocol
from urllib.parse import unquote

from ordermirror.sandbox.errors import NUL_BYTE, ServiceLayerError, bad_request
from ordermirror.sandbox.http import Answer, Request, json_headers

_BOUNDARY = re.compile(r'multipart/mixed\s*;.*?boundary="?([^\s";]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S.*?)(?: HTTP/1\.[01])?")
_TARGET = re.compile(r"(?:https?://[^/]+)?(/b1s/v[12]/)?([^?]*)(?:\?(.*))?", re.DOTALL)
_STATUS = {1: 202, 2: 200}


class Transaction(Protocol):
    """What a change set is carried out in."""

    def begin(self) -> None: ...

    def roll_back(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    request: Request
    content_id: str | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    operations: tuple[Operation, ...]


class Batch:
    def __init__(
        self,
        respond: Callable[[Request, int], Answer],
        transaction: Transaction,
        *,
        may_continue: bool,
    ) -> None:
        """`respond` answers a request whatever it is; it raises nothing."""
        self._respond = respond
        self._transaction = transaction
        self._may_continue = may_continue
        self._batches = 0

    def answer(self, request: Request, version: int) -> Answer:
        parts = _parsed(request, version)
        self._batches += 1
        boundary = f"batchresponse_{self._batches:08x}"
        continuing = self._may_continue and "continue-on-error" in request.headers.get("prefer", "")
        written: list[bytes] = []
        answers: list[Answer] = []
        for part in parts:
            if isinstance(part, ChangeSet):
                done, content = self._change_set(part, version, len(written))
            else:
                done = [self._respond(part.request, version)]
                content = _http_part(done[0], None)
            answers += done
            written.append(content)
            if done[-1].status >= 400 and not continuing:
                break
        return Answer(
            status=_STATUS[version],
            body=_multipart(boundary, written),
            headers=(
                ("Content-Type", f"multipart/mixed;boundary={boundary}"),
                json_headers(version)[1],
            ),
            whole_documents=sum(each.whole_documents for each in answers),
            light_rows=sum(each.light_rows for each in answers),
        )

    def _change_set(self, part: ChangeSet, version: int, place: int) -> tuple[list[Answer], bytes]:
        """Its answers and how they are written: one error alone if any operation fails."""
        self._transaction.begin()
        answers: list[Answer] = []
        for operation in part.operations:
            answers.append(self._respond(operation.request, version))
            if answers[-1].status >= 400:
                self._transaction.roll_back()
                return answers, _http_part(answers[-1], None)
        boundary = f"changesetresponse_{self._batches:08x}_{place}"
        parts = [
            _http_part(answer, operation.content_id)
            for answer, operation in zip(answers, part.operations, strict=True)
        ]
        head = f"Content-Type: multipart/mixed;boundary={boundary}\r\n\r\n".encode()
        return answers, head + _multipart(boundary, parts)


def _parsed(request: Request, version: int) -> list[Operation | ChangeSet]:
    if b"\0" in request.body:
        raise ServiceLayerError(400, NUL_BYTE, "Invalid character in the batch request body")
    try:
        text = request.body.decode()
    except UnicodeDecodeError as exc:
        raise _incomplete() from exc
    parts: list[Operation | ChangeSet] = []
    for part in _split(text, request.headers.get("content-type", "")):
        headers, content = _headed(part)
        if _BOUNDARY.match(headers.get("content-type", "")):
            inner = _split(content, headers["content-type"])
            parts.append(ChangeSet(tuple(_change(each, request, version) for each in inner)))
        else:
            parts.append(_operation(headers, content, request))
    return parts


def _split(text: str, content_type: str) -> list[str]:
    """The parts between the delimiters; the line break before a delimiter belongs to it."""
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise _incomplete()
    delimiter = re.escape(match[1])
    pieces = re.split(rf"(?:^|\r?\n)--{delimiter}(--)?[ \t]*(?=\r?\n|$)", text)
    contents, closing = pieces[::2], pieces[1::2]
    if closing[-1:] != ["--"] or any(closing[:-1]) or len(contents) < 3:
        raise _incomplete()
    return [content.lstrip("\r\n") for content in contents[1:-1]]


def _headed(text: str) -> tuple[dict[str, str], str]:
    """Headers, by name in lower case, and what follows the blank line that must end them."""
    match = re.search(r"(?:^|\r?\n)\r?\n", text)
    if match is None:
        raise _incomplete()
    lines = text[: match.start()].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, text[match.end() :]


def _change(text: str, outer: Request, version: int) -> Operation:
    operation = _operation(*_headed(text), outer)
    if operation.request.method == "GET":
        raise bad_request("GET is not allowed in a change set")
    if version == 2 and operation.content_id is None:
        raise bad_request("Content-ID is missing in a change set")
    return operation


def _operation(headers: dict[str, str], content: str, outer: Request) -> Operation:
    line, _, rest = content.partition("\n")
    match = _REQUEST_LINE.fullmatch(line.rstrip("\r"))
    if headers.get("content-type", "").lower() != "application/http" or match is None:
        raise _incomplete()
    own, body = _headed(rest)
    target = _TARGET.fullmatch(match[2])
    path, query = (target[2], target[3]) if target else (match[2], None)
    return Operation(
        request=Request(
            method=match[1],
            path=unquote(path),
            query=query or "",
            headers=own,
            body=body.strip().encode(),
            base=outer.base,
        ),
        content_id=headers.get("content-id"),
    )


def _http_part(answer: Answer, content_id: str | None) -> bytes:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {answer.status} {responses.get(answer.status, '')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(lines).encode() + answer.body


def _multipart(boundary: str, parts: list[bytes]) -> bytes:
    written = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return written + f"--{boundary}--\r\n".encode()


def _incomplete() -> ServiceLayerError:
    return bad_request("The batch request body is invalid or incomplete")
