"""No fault of SAP's answers brings out what they hold, at whatever level is logged."""

from __future__ import annotations

import logging
import re

import pytest

from ordermirror import logs
from ordermirror.models import SyncRun
from ordermirror.sandbox import Fault
from ordermirror.sandbox.faults import ANSWER_KINDS, PAGE_KINDS
from tests.support import answers, mirrored

PASSWORD = "canary-password"
PLANTED = re.compile(r"canary|7654[.,]321", re.IGNORECASE)
TOLD_BY_RUNS = ("problem", "probes", "warnings", "first_error")
TEXTS = {name: f"canary {name}" for name in ("CardName", "NumAtCard", "Comments", "Address")}

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.one_database(reason="what SAP answers is logged alike"),
]


@pytest.fixture
def lines():
    """All that any logger of the process says, as both formatters write it."""
    found = []
    handler = logging.Handler(logging.DEBUG)
    handler.addFilter(logs.Bound())
    handler.emit = lambda record: found.extend(
        formatter.format(record) for formatter in (logs.Console(), logs.Json())
    )
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def planted(sessions):
    with mirrored(orders=40, password=PASSWORD) as mirror:
        mirror.password = PASSWORD
        for document in mirror.sandbox.orders():
            mirror.sandbox.edit(document["DocEntry"], **TEXTS, RoundingDiffAmount=7654.321987)
        yield mirror


def leaks(lines, sessions):
    told = [*lines, *map(str, SyncRun.objects.values_list(*TOLD_BY_RUNS))]
    return [it for it in told if PLANTED.search(it) or any(map(it.__contains__, sessions))]


@pytest.mark.parametrize("kind", sorted({*ANSWER_KINDS, *PAGE_KINDS} - {"slow", "huge"}))
def test_no_fault_brings_a_canary_out(planted, lines, sessions, kind):
    planted.sync()
    planted.sandbox.edit(planted.sandbox.orders()[-1]["DocEntry"], NumAtCard="canary news")
    planted.sandbox.faults.add(Fault(kind=kind, path="Orders", times=None))

    planted.sync()

    assert planted.sandbox.faults.struck()
    assert lines
    assert leaks(lines, sessions) == []


BROKEN = {
    "DocEntry": b'"canary"', "DocTotal": b'"canary 7654.321987"', "UpdateDate": b'"canary"',
    "Cancelled": b'"canary"', "DocDate": b'"canary"', "CardName": b'{"canary": 7654.321987}',
    "LineNum": b'"canary"', "Quantity": b"7654.3219876543", "DocumentLines": b'"canary"',
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_no_value_that_cannot_be_read_is_quoted(planted, lines, sessions, name):
    pattern = re.compile(rb'("%s"\s*:\s*)("[^"]*"|-?[\d.]+|\[|null)' % name.encode())

    def breaking(url, answer):
        body = pattern.sub(rb"\1" + BROKEN[name], answer.body)
        return type(answer)(answer.status, answer.headers, body)

    answers(planted, breaking)

    planted.sync()

    assert lines
    assert leaks(lines, sessions) == []


def test_pages_that_show_orders_log_nothing_of_them(planted, lines, sessions, admin_client):
    planted.sync()
    doc_entry = planted.sandbox.orders()[-1]["DocEntry"]
    pages = ["/orders/", "/orders/?q=canary+CardName", f"/orders/SBODEMO/{doc_entry}/", "/runs/1/"]

    shown = [admin_client.get(page).content.decode() for page in pages]

    assert ["canary" in page for page in shown[:3]] == [True] * 3
    assert lines
    assert leaks(lines, sessions) == []
