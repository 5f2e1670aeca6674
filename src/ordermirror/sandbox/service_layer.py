"""The Service Layer itself: a request in, an answer out. Knows neither sockets nor threads."""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec

from ordermirror.sandbox import query_service
from ordermirror.sandbox.actions import Actions
from ordermirror.sandbox.batch import Batch
from ordermirror.sandbox.business import Business
from ordermirror.sandbox.company import Company
from ordermirror.sandbox.entity_sets import EntitySet
from ordermirror.sandbox.errors import (
    NOT_ALLOWED,
    SWITCH_COMPANY,
    ServiceLayerError,
    bad_request,
    invalid_session,
    unrecognized_path,
)
from ordermirror.sandbox.faults import Faults
from ordermirror.sandbox.http import (
    Answer,
    Request,
    context_key,
    error_answer,
    json_answer,
    json_headers,
    root,
)
from ordermirror.sandbox.metadata import ENTITY_SETS, edmx
from ordermirror.sandbox.mischief import spoiled_answer, spoiled_body
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.sessions import Sessions
from ordermirror.sandbox.sql_queries import SqlQueries

_ROUTE = re.compile(r"/b1s/v([12])(?:/(.*))?")
_RESOURCE = re.compile(r"(\w+)(?:\((.*)\))?(?:/(\$?[\w.]+))?")
_SERVER_VERSION = "1000280"


class ServiceLayer:
    """Answers /b1s/v1 and /b1s/v2 from one company's tables."""

    def __init__(
        self,
        company: Company,
        options: SandboxOptions,
        sessions: Sessions,
        faults: Faults,
        business: Business,
    ) -> None:
        self._company = company
        self._options = options
        self._sessions = sessions
        self._faults = faults
        self.logins = 0
        self.entity_sets = {
            name: EntitySet(table, options, faults) for name, table in company.tables.items()
        }
        self._query_service = query_service.QueryService(self.entity_sets, options)
        self._sql_queries = SqlQueries(company, options)
        self._actions = Actions(company, options, business)
        self._batch = Batch(
            self._settled_resource, self._actions, may_continue=options.batch_continues
        )

    def answer(self, request: Request) -> Answer:
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            return Answer(
                status=404, body=b"<html><body><h1>Not Found</h1></body></html>",
                headers=(("Content-Type", "text/html; charset=iso-8859-1"),),
            )  # fmt: skip
        version, path = int(route[1]), route[2] or ""
        fault = self._faults.of_answer(path)
        if fault is not None:
            spoiled = spoiled_answer(fault, request, version)
            if spoiled is not None:
                return spoiled
        try:
            answer = self._routed(request, version, path)
        except ServiceLayerError as error:
            answer = error_answer(error, version)
        return spoiled_body(fault, answer) if fault is not None else answer

    def _routed(self, request: Request, version: int, path: str) -> Answer:
        if path == "Login":
            _only(request, "POST")
            return self._login(request, version)
        identity = _session_of(request)
        if not self._sessions.use(identity):
            raise invalid_session()
        if path == "Logout":
            _only(request, "POST")
            self._sessions.close(identity or "")
            return Answer(status=204, headers=json_headers(version)[1:])
        if path == "":
            return self._service_document(request, version)
        if path == "$metadata":
            _only(request, "GET")
            xml = (("Content-Type", "application/xml;charset=utf-8"), json_headers(version)[1])
            return Answer(status=200, body=edmx(version), headers=xml)
        if path == "$batch":
            _only(request, "POST")
            with self._company.lock:
                return self._batch.answer(request, version)
        return self._resource(request, version, path)

    def _settled_resource(self, request: Request, version: int) -> Answer:
        """One request of a batch, whose path has no root; refused ones are answered too."""
        try:
            return self._resource(request, version, request.path)
        except ServiceLayerError as error:
            return error_answer(error, version)

    def _login(self, request: Request, version: int) -> Answer:
        given = _credentials(request.body)
        if given.get("CompanyDB") != self._options.company_db:
            text = f"Switch company error: {SWITCH_COMPANY}"
            status, code = self._options.wrong_company_status, self._options.wrong_company_code
            raise ServiceLayerError(status, code, text)
        expected = (self._options.user, self._options.password)
        if (given.get("UserName"), given.get("Password")) != expected:
            text = "Fail to get DB Credentials from SLD"
            raise ServiceLayerError(401, self._options.login_error_code, text)
        identity = self._sessions.open()
        if identity is None:
            raise ServiceLayerError(500, -1, "No more sessions are available")
        self.logins += 1
        element = "@Element" if version == 1 else "$entity"
        body = {
            context_key(version): f"{root(request, version)}$metadata#B1Sessions/{element}",
            "SessionId": identity,
            "Version": _SERVER_VERSION,
            "SessionTimeout": self._sessions.minutes,
        }
        return json_answer(200, body, version).adding(
            # Both exactly as recorded: no path on the first, an empty attribute at its end.
            ("Set-Cookie", f"B1SESSION={identity};HttpOnly;{self._options.cookie_attributes}"),
            ("Set-Cookie", "ROUTEID=.node1; path=/b1s"),
        )

    def _service_document(self, request: Request, version: int) -> Answer:
        _only(request, "GET")
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in ENTITY_SETS]
        context = f"{root(request, version)}$metadata"
        return json_answer(200, {context_key(version): context, "value": sets}, version)

    def _resource(self, request: Request, version: int, path: str) -> Answer:
        if path == query_service.NAME and self._options.query_service:
            _only(request, "POST")
            with self._company.lock:
                return self._query_service.answer(request, version)
        if path.startswith("SQLQueries"):
            with self._company.lock:
                return self._sql_queries.answer(request, version, path)
        match = _RESOURCE.fullmatch(path)
        if match is None or match[1] not in ENTITY_SETS:
            raise unrecognized_path()
        name, key_text, below = match.groups()
        if request.method == "DELETE" and key_text is not None and below is None:
            text = "The requested action is not supported for this object."
            raise ServiceLayerError(400, NOT_ALLOWED, text)
        entity_set = self.entity_sets[name]
        if key_text is not None and below is not None and request.method == "POST":
            action = below.removeprefix("SAPB1.") if version == 2 else below
            if name != "Orders" or action not in self._actions:
                raise unrecognized_path()
            with self._company.lock:
                return self._actions.answer(request, version, action, entity_set.key(key_text))
        _only(request, "GET")
        with self._company.lock:
            if key_text is not None and below is not None:
                return entity_set.property(request, version, key_text, below)
            if key_text is not None:
                return entity_set.one(request, version, key_text)
            if below == "$count":
                return entity_set.count(request, version)
            if below is None:
                return entity_set.collection(request, version)
        raise unrecognized_path()


def _only(request: Request, method: str) -> None:
    if request.method != method:
        text = f"Method {request.method} is not allowed for this resource."
        raise ServiceLayerError(405, -1000, text)


def _session_of(request: Request) -> str | None:
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get("B1SESSION")
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _credentials(body: bytes) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(body)
    except msgspec.DecodeError as exc:
        raise bad_request("Invalid JSON format") from exc
    if not isinstance(given, dict):
        raise bad_request("Invalid JSON format")
    return given
