"""Scripted checks for what seeds reach too seldom. Each returns when all is well."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from django.db import connection

from ordermirror import lease
from ordermirror.core.fetched import Batch, Document, KeyCoverage
from ordermirror.core.report import COMPLETE
from ordermirror.errors import BadAnswer
from ordermirror.models import SalesOrder, SyncRun
from ordermirror.sandbox import Fault
from ordermirror.sap.wire import decode_order
from ordermirror.store.apply import Applying, apply_batch
from tests.simulation.database import COMPANY
from tests.simulation.steps import begin, fail_each
from tests.simulation.story import Story


def rows_that_were_not_asked_for_are_not_taken() -> None:
    world = begin("first load").world
    world.sandbox.faults.add(Fault(kind="foreign_row", path="Orders"))
    keys = [order["DocEntry"] for order in world.sandbox.orders()][1:4]

    batches = list(world.source().by_key(keys))

    assert [document.doc_entry for batch in batches for document in batch.documents] == keys


def rows_out_of_order_fail_a_probe() -> None:
    _fails_with("shuffled")


def rows_sent_twice_fail_a_probe() -> None:
    _fails_with("duplicate")


def _fails_with(kind: str) -> None:
    world = begin("first load").world
    world.sandbox.faults.add(Fault(kind=kind, path="Orders", times=None))

    with contextlib.suppress(BadAnswer):
        list(world.source().open())
        raise AssertionError(f"an answer with a {kind} was taken")


def an_ended_session_is_renewed_and_the_request_repeated() -> None:
    story = begin("refresh")
    story.world.on_request = _once(story, story.world.sandbox.expire_sessions, before="Orders?")

    report = story.run()

    assert report.outcome == COMPLETE
    assert story.world.sandbox.logins == 3


def _once(story: Story, act, *, before: str):
    def on_request(target: str) -> None:
        if before in target:
            story.world.on_request = lambda target: None
            act()

    return on_request


def an_older_document_never_overwrites_a_newer_one() -> None:
    story = begin("first load")
    story.run()
    world, stored = story.world, SalesOrder.objects.filter(company_id=COMPANY).first()
    before = stored.comments
    asked = world.clock() - timedelta(days=1)
    held = lease.take(COMPANY)
    document = Document(stored.doc_entry, _payload(story, stored.doc_entry), asked)
    applying = Applying(
        lease=held,
        run_id=SyncRun.objects.filter(company_id=COMPANY).latest("id").pk,
        decode=decode_order,
        now=world.clock,
    )

    apply_batch(applying, Batch((document,), KeyCoverage(frozenset({stored.doc_entry}))))

    stored.refresh_from_db()
    assert stored.comments == before


def _payload(story: Story, doc_entry: int) -> bytes:
    """The order as it was: with other comments than now."""
    story.world.sandbox.edit(doc_entry, Comments="of long ago")
    renderer = story.world.sandbox._service_layer.entity_sets["Orders"].renderer
    return renderer.row(doc_entry, (2, None))


def every_transaction_begins_with_an_update_of_the_fence() -> None:
    begin("first load")
    held = lease.take(COMPANY)
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note), held.transaction():
        pass

    writing = next(sql for sql in statements if not sql.startswith("BEGIN"))
    assert writing.startswith("UPDATE")
    assert "fence" in writing


def whatever_commit_is_the_last_one_nothing_is_lost() -> None:
    fail_each("refresh", "commit", "crash", "after")


def a_killed_statement_leaves_no_half_a_batch() -> None:
    fail_each("first load", "commit", "crash", "after")
    fail_each("refresh", "statement", "crash", "before")
