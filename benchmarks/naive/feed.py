"""Sales orders from the Service Layer as the baselines ask for them: whole, page after page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import urllib3

from ordermirror.conf import Settings

Document = dict[str, Any]
KEYS_AT_ONCE = 50


class Feed:
    """A session over kept-alive connections. `page` is how many rows are asked for at once."""

    def __init__(self, settings: Settings, *, page: int) -> None:
        self._url = settings.sap_url or ""
        self._page = page
        self._pool = urllib3.PoolManager()
        login = {
            "CompanyDB": settings.sap_company_db,
            "UserName": settings.sap_user,
            "Password": settings.sap_password,
        }
        answer = self._pool.request("POST", f"{self._url}/Login", body=json.dumps(login))
        cookies = answer.headers.getlist("Set-Cookie")
        self._headers = {
            "Cookie": "; ".join(it.partition(";")[0] for it in cookies),
            "Accept-Encoding": "gzip",
            "Prefer": f"odata.maxpagesize={page}",
        }

    def orders(self, condition: str, select: str = "") -> Iterator[Document]:
        return self.rows("Orders", condition, select)

    def by_key(self, doc_entries: list[int]) -> Iterator[Document]:
        for first in range(0, len(doc_entries), KEYS_AT_ONCE):
            keys = doc_entries[first : first + KEYS_AT_ONCE]
            yield from self.orders(" or ".join(f"DocEntry eq {key}" for key in keys))

    def rows(self, entity: str, condition: str = "", select: str = "") -> Iterator[Document]:
        skip = 0
        while True:
            asked = {"$skip": str(skip)}
            asked |= {"$filter": condition} if condition else {}
            asked |= {"$select": select} if select else {}
            address = f"{self._url}/{entity}?{urlencode(asked)}"
            answer = self._pool.request("GET", address, headers=self._headers)
            if answer.status != 200:
                raise RuntimeError(f"{address}: {answer.status} {answer.data[:200]!r}")
            rows = json.loads(answer.data)["value"]
            yield from rows
            skip += len(rows)
            if len(rows) < self._page:
                return

    def close(self) -> None:
        self._pool.request("POST", f"{self._url}/Logout", headers=self._headers)
