"""Levers for other processes: no SAP has these, only the sandbox does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from ordermirror.sandbox.business import Event
from ordermirror.sandbox.company import Company
from ordermirror.sandbox.http import Answer, Request
from ordermirror.sandbox.render import array, encode
from ordermirror.sandbox.service_layer import ServiceLayer

_JSON = (("Content-Type", "application/json"),)
_MOST_EVENTS = 100_000


class Control:
    def __init__(
        self,
        company: Company,
        service_layer: ServiceLayer,
        business: Callable[[int], list[Event]],
        open_sessions: Callable[[], int],
    ) -> None:
        self._company = company
        self._service_layer = service_layer
        self._business = business
        self._open_sessions = open_sessions

    def answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/sandbox/orders":
                return self._orders()
            case "GET", "/sandbox/status":
                return _json(200, self._status())
            case "POST", "/sandbox/business":
                return self._happen(request)
        return _json(404, {"error": f"No {request.method} {request.path} in the sandbox"})

    def _orders(self) -> Answer:
        """All documents as v1 shows them, for comparing a mirror with the truth."""
        renderer = self._service_layer.entity_sets["Orders"].renderer
        with self._company.lock:
            rows = [renderer.render(row, (1, None)) for row in self._company.orders]
        return Answer(status=200, body=array(rows), headers=_JSON)

    def _happen(self, request: Request) -> Answer:
        text = parse_qs(request.query).get("events", ["20"])[0]
        if not text.isdecimal() or int(text) > _MOST_EVENTS:
            return _json(400, {"error": f"events must be a number up to {_MOST_EVENTS}"})
        events = self._business(int(text))
        return _json(200, {"events": [event.as_json() for event in events]})

    def _status(self) -> dict[str, Any]:
        with self._company.lock:
            return {
                "now": self._company.now.isoformat(),
                "rows": {name: len(table) for name, table in self._company.tables.items()},
                "logins": self._service_layer.logins,
                "open_sessions": self._open_sessions(),
            }


def _json(status: int, value: Any) -> Answer:
    return Answer(status=status, body=encode(value), headers=_JSON)
