"""A check on a gateway: does it answer with orders? Asks for those of one day."""

from __future__ import annotations

from contextlib import closing

from ordermirror.doctor.findings import Finding, fail, ok
from ordermirror.errors import SAPError, SAPRefused
from ordermirror.sap.gateway import Gateway
from ordermirror.sap.gateway_session import GatewayAccess
from ordermirror.sap.service_layer import utc_now

ORDERS = "orders of today"


def orders(access: GatewayAccess) -> Finding:
    with closing(Gateway(access)) as gateway:
        try:
            batches = list(gateway.posted_on(utc_now().date()))
        except SAPRefused as exc:
            return fail(
                ORDERS, str(exc),
                "mend ORDERMIRROR_GATEWAY_URL, _TOKEN or _HEADER, or ask who runs the gateway",
            )  # fmt: skip
        except SAPError as exc:
            return fail(ORDERS, str(exc), "ask who runs the gateway")
    found = {document.doc_entry for batch in batches for document in batch.documents}
    return ok(ORDERS, f"the gateway answers; {len(found)} were posted today")
