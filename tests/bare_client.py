"""A Service Layer client that hides nothing, for tests of what the sandbox answers."""

from __future__ import annotations

import http.client
import json
import ssl
from decimal import Decimal
from urllib.parse import quote

CREDENTIALS = {"CompanyDB": "SBODEMO", "UserName": "manager", "Password": "sandbox"}


class Answer:
    def __init__(self, response):
        self.body = response.read()
        self.status = response.status
        self.headers = response.headers

    @property
    def json(self):
        return json.loads(self.body, parse_float=Decimal)


class Client:
    """Just enough of one: it keeps a connection and a session."""

    def __init__(self, address, version=1):
        self.version = version
        if address.ca_file:
            context = ssl.create_default_context(cafile=str(address.ca_file))
            self.http = http.client.HTTPSConnection("127.0.0.1", address.port, context=context)
        else:
            self.http = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
        self.session = {}

    def call(self, method, path, body=None, **headers):
        self.http.request(method, path, body, {**self.session, **headers})
        return Answer(self.http.getresponse())

    def get(self, resource, headers=None, **options):
        pairs = [f"${name}={quote(str(value), safe='')}" for name, value in options.items()]
        query = "?" + "&".join(pairs) if pairs else ""
        return self.call("GET", f"/b1s/v{self.version}/{resource}{query}", **(headers or {}))

    def post(self, resource, value=None, headers=None):
        """Send a value as JSON, or no body at all."""
        body = None if value is None else json.dumps(value)
        return self.call("POST", f"/b1s/v{self.version}/{resource}", body, **(headers or {}))

    def login(self, **changes):
        body = json.dumps({**CREDENTIALS, **changes})
        answer = self.call("POST", f"/b1s/v{self.version}/Login", body)
        if answer.status == 200:
            self.session = {"Cookie": f"B1SESSION={answer.json['SessionId']}"}
        return answer
