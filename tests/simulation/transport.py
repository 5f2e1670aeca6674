"""Asking the sandbox without a network: requests and answers as they would be on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import msgspec
from urllib3._collections import HTTPHeaderDict

from ordermirror.errors import SAPUnavailable
from ordermirror.sandbox.gateway import PATH as GATEWAY_PATH
from ordermirror.sandbox.http import Answer as Answered
from ordermirror.sandbox.http import Request
from ordermirror.sap.transport import Answer

GATEWAY_URL = f"https://gateway.example.com{GATEWAY_PATH}"
URL = "https://sap.example.com:50000/b1s/v{version}"


class InProcess:
    """A Transport. `around` is given what asks the sandbox, and may ask twice or never."""

    def __init__(
        self,
        respond: Callable[[Request], Answered],
        around: Callable[[str, Callable[[], Answered]], Answered],
    ) -> None:
        self._respond = respond
        self._around = around

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        parts = urlsplit(url)
        request = Request(
            method=method,
            path=unquote(parts.path),
            query=parts.query,
            headers={name.lower(): value for name, value in headers.items()},
            body=body or b"",
            base=f"{parts.scheme}://{parts.netloc}",
        )
        asked = "&".join(part for part in parts.query.split("&") if not part.startswith("$select"))
        if parts.path == GATEWAY_PATH:
            asked = (body or b"").decode()
        target = f"{method} {parts.path.rpartition('/')[2]}?{unquote(asked)}"
        return as_received(self._around(target, lambda: self._respond(request)))

    def close(self) -> None:
        pass


def as_received(answer: Answered) -> Answer:
    if answer.reset:
        raise SAPUnavailable("no answer from SAP: the connection was reset")
    if answer.cut:
        raise SAPUnavailable("SAP's answer broke off")
    headers = HTTPHeaderDict()
    for name, value in answer.headers:
        headers.add(name, value)
    return Answer(answer.status, headers, answer.body)


class _Key(msgspec.Struct):
    key: int = msgspec.field(name="DocEntry")


def rows_of(answer: Answered) -> list[tuple[int, msgspec.Raw]] | None:
    """A page's rows by DocEntry; None when the answer is not a page of orders."""
    try:
        page = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
        rows = msgspec.json.decode(page["value"], type=list[msgspec.Raw])
        return [(msgspec.json.decode(row, type=_Key).key, row) for row in rows]
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError):
        return None


def with_rows(answer: Answered, rows: list[msgspec.Raw]) -> Answered:
    page = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
    page["value"] = msgspec.Raw(b"[" + b",".join(map(bytes, rows)) + b"]")
    return Answered(status=answer.status, headers=answer.headers, body=msgspec.json.encode(page))


def torn(first: Answered, second: Answered) -> Answered:
    """A page of which SAP read the first rows at one moment and the others at a later one."""
    before, after = rows_of(first), rows_of(second)
    if not before or after is None or first.status != 200 or second.status != 200:
        return second
    kept = before[: (len(before) + 1) // 2]
    rest = [(key, row) for key, row in after if key > kept[-1][0]]
    room = max(len(before), len(after)) - len(kept)
    return with_rows(first, [row for _, row in [*kept, *rest[:room]]])


def torn_within(first: Answered, second: Answered) -> Answered:
    """A page of orders whose headers were read at one moment and their lines at a later one."""
    before, after = rows_of(first), rows_of(second)
    if before is None or after is None or first.status != 200 or second.status != 200:
        return second
    lines = {key: fields_of(row).get("DocumentLines") for key, row in after}
    rows = []
    for key, row in before:
        fields = fields_of(row)
        if "DocumentLines" in fields and lines.get(key):
            fields["DocumentLines"] = lines[key]
        rows.append(msgspec.Raw(msgspec.json.encode(fields)))
    return with_rows(first, rows)


def fields_of(row: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(row, type=dict[str, msgspec.Raw])
