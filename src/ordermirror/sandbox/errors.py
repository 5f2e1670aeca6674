"""The refusals of the Service Layer, in the shapes SAP gives them."""

from __future__ import annotations

from typing import Any

INVALID_SESSION = 301
BAD_REQUEST = -1000
NOT_FOUND = -2028
NOT_ALLOWED = -5006
SWITCH_COMPANY = -5027
BUSINESS_RULE = -10
ETAG_MISMATCH = -2039
NUL_BYTE = 242
ALREADY_EXISTS = -2035
NO_SQL_PERMISSION = -6006
SQL_SYNTAX, SQL_TABLE, SQL_COLUMN, SQL_PARAMETER = 701, 702, 703, 704


class ServiceLayerError(Exception):
    """A request SAP refuses: an HTTP status, SAP's own code and a text."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


def bad_request(text: str) -> ServiceLayerError:
    return ServiceLayerError(400, BAD_REQUEST, text)


def not_found() -> ServiceLayerError:
    return ServiceLayerError(404, NOT_FOUND, "No matching records found (ODBC -2028)")


def unrecognized_path() -> ServiceLayerError:
    return ServiceLayerError(404, BAD_REQUEST, "Unrecognized resource path.")


def invalid_session() -> ServiceLayerError:
    text = "Invalid session or session already timeout."
    return ServiceLayerError(401, INVALID_SESSION, text)


def etag_mismatch() -> ServiceLayerError:
    return ServiceLayerError(412, ETAG_MISMATCH, "Another user or another operation modified data")


def error_body(code: int, text: str, version: int) -> dict[str, Any]:
    """v1: integer code and a message object. v2: both plain strings."""
    if version == 1:
        return {"error": {"code": code, "message": {"lang": "en-us", "value": text}}}
    details = [{"code": "", "message": ""}]
    return {"error": {"code": str(code), "details": details, "message": text}}
