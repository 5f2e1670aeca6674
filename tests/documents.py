"""Documents as SAP would send them, handed to the mirror without a sandbox in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ordermirror.core.fetched import Batch, Document, KeyCoverage
from ordermirror.lease import held
from ordermirror.models import Probe, SyncRun
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from tests.web_builders import make_company

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LINE = (
    '{"LineNum":%s,"ItemCode":"A","Quantity":1,"RemainingOpenQuantity":1,"Price":5,'
    '"LineStatus":"bost_Open"%s}'
)


def line(number=0, **raw):
    """An open line of 1 x 5. Values are JSON as it is written, and replace those of before."""
    return LINE % (number, members(raw))


def document(doc_entry, *lines, **raw):
    """An open order. Values are JSON as it is written."""
    head = (
        '"DocEntry":%d,"DocNum":%d,"DocumentStatus":"bost_Open","Cancelled":"tNO",'
        '"DocCurrency":"AED","DocumentLines":[%s]'
    )
    text = head % (doc_entry, doc_entry % 1000 + 1000, ",".join(lines or [line()]))
    return ("{" + text + members(raw) + "}").encode()


def members(raw):
    return "".join(f',"{name}":{value}' for name, value in raw.items())


def apply_documents(payloads, *, minutes=0, decode=decode_order, probe=None, **options):
    """Apply documents by DocEntry in a run of their own, as read `minutes` after noon.

    Whatever probe asked for them, when one is given; a first load's own otherwise.
    """
    read_at = NOON + timedelta(minutes=minutes)
    company = make_company()
    run = SyncRun.objects.create(company=company, started_at=read_at)
    documents = tuple(Document(key, payloads[key], read_at) for key in sorted(payloads))
    with held(company.pk) as lease:
        applying = Applying(
            lease=lease,
            run_id=run.pk,
            decode=decode,
            now=lambda: read_at,
            first_load=probe is None,
            found_by=dict.fromkeys(payloads, probe or Probe.FIRST_LOAD),
            **options,
        )
        return apply_batch(applying, Batch(documents, KeyCoverage(frozenset(payloads))))
