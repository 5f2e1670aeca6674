"""What each fault does to an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ordermirror.sandbox.company import Key
from ordermirror.sandbox.errors import bad_request, error_body, invalid_session
from ordermirror.sandbox.faults import Fault
from ordermirror.sandbox.http import Answer, Request, error_answer, json_answer, json_headers

_HTML = (("Content-Type", "text/html; charset=iso-8859-1"),)
_PROXY_ERROR = (
    b'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
    b"<title>502 Proxy Error</title>\n</head><body>\n<h1>Proxy Error</h1>\n"
    b"<p>The proxy server received an invalid response from an upstream server.<br />\n"
    b"Reason: <strong>Error reading from remote server</strong></p>\n</body></html>\n"
)
_UNAVAILABLE = b"<html><body><h1>Service Unavailable</h1></body></html>\n"
_SIGN_IN = b"<html><body><h1>Welcome</h1><form>Sign in</form></body></html>\n"


def spoiled_answer(fault: Fault, request: Request, version: int) -> Answer | None:
    """An answer given in place of the real one, or None for faults that spoil the real one."""
    match fault.kind:
        case "html":
            return Answer(status=200, body=_SIGN_IN, headers=_HTML)
        case "html_502":
            return Answer(status=502, body=_PROXY_ERROR, headers=_HTML)
        case "empty":
            return Answer(status=200, headers=json_headers(version))
        case "empty_500":
            return Answer(status=500)
        case "http_503":
            return Answer(status=503, body=_UNAVAILABLE, headers=_HTML)
        case "error_200":
            body = error_body(-1, "Internal error (-1) occurred", version)
            return json_answer(200, body, version)
        case "reset":
            return Answer(status=0, reset=True)
        case "expired":
            return error_answer(invalid_session(), version)
        case "redirect":
            target = f"http://elsewhere.invalid{request.path}"
            return Answer(status=302, headers=(("Location", target), *_HTML))
        case "huge":
            padding = b" " * (fault.megabytes << 20)
            body_bytes = b'{"value":[' + padding + b"]}"
            return Answer(status=200, body=body_bytes, headers=json_headers(version))
        case "retry_after_429":
            wait = ("Retry-After", f"{fault.seconds:g}")
            refused = error_answer(bad_request("Too many requests"), version)
            return replace(refused, status=429).adding(wait)
    return None


def spoiled_body(fault: Fault, answer: Answer) -> Answer:
    if fault.kind == "truncated":
        return replace(answer, cut=True)
    if fault.kind == "truncated_json":
        return replace(answer, body=answer.body[: len(answer.body) * 2 // 3])
    if fault.kind == "slow":
        return replace(answer, delay_seconds=fault.seconds)
    return answer


def spoiled_rows(fault: Fault, keys: list[Key], foreign: Callable[[], Key | None]) -> list[Key]:
    middle = len(keys) // 2
    match fault.kind:
        case "shuffled":
            return [*keys[middle:], *keys[:middle]]
        case "duplicate":
            return [*keys[:middle], keys[middle], *keys[middle:]]
        case "dropped_row":
            return [*keys[:middle], *keys[middle + 1 :]]
        case "foreign_row":
            key = foreign()
            return keys if key is None else sorted([*keys, key])
    return keys
