"""Mistakes that a mirror could have, each made on purpose by patching the product.

`mutate` finds what it patches by name and fails loudly when it is not there any more.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db import transaction

from ordermirror import lease, models, probes, run, sync
from ordermirror.core import identity, plan, totals
from ordermirror.core.fingerprint import document_hash, light_hash
from ordermirror.errors import BadAnswer, LeaseLost, SAPUnavailable
from ordermirror.models import LINES_PER_ORDER, SalesOrder, order_id
from ordermirror.owned.models import LinePrice
from ordermirror.sap import query, service_layer, session, wire
from ordermirror.store import (
    apply,
    history,
    master_data,
    mirror,
    pending,
    positions,
    quarantine,
    reads,
)

Patch = Callable[["Mutant"], None]


class Mutant:
    """Patches the product for a while."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def swap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace `owner.name` by what `make` makes of it. It must be there."""
        original = owner.__dict__[name]
        self._undo.append(lambda: setattr(owner, name, original))
        setattr(owner, name, make(original))

    def mend(self) -> None:
        while self._undo:
            self._undo.pop()()


DEFECTS: dict[str, Patch] = {}
NOTICED_AT: dict[str, int] = {}


def defect(name: str, *, at: int = 0) -> Callable[[Patch], Patch]:
    """`at` is a seed that notices it; where that does so no more, another one is looked for."""

    def register(patch: Patch) -> Patch:
        DEFECTS[name], NOTICED_AT[name] = patch, at
        return patch

    return register


@contextlib.contextmanager
def made(name: str) -> Iterator[None]:
    mutant = Mutant()
    try:
        DEFECTS[name](mutant)
        yield
    finally:
        mutant.mend()


# Reading.


@defect("a short page ends the scan", at=21)
def _(mutant: Mutant) -> None:
    def pages(original):
        def short(self, question):
            after = question.after
            while True:
                page = self._page(question, after)
                yield page
                if len(page.rows) < question.page_size:
                    return
                after = page.keys[-1]

        return short

    mutant.swap(service_layer.ServiceLayer, "_pages", pages)
    _believe_a_short_page(mutant)


def _believe_a_short_page(mutant: Mutant) -> None:
    mutant.swap(
        service_layer.Rows, "is_last", lambda old: property(lambda rows: len(rows.rows) < 2)
    )


@defect("the count of rows is ignored", at=53)
def _(mutant: Mutant) -> None:
    mutant.swap(service_layer.Rows, "lacked_rows", lambda old: lambda self, following: False)


@defect("pages are asked for by offset", at=21)
def _(mutant: Mutant) -> None:
    def pages(original):
        def by_offset(self, question):
            skip = 0
            while True:
                path = query.path(
                    getattr(question, "entity", "Orders"),
                    f"$select={question.select}",
                    query.filter_of(
                        " and ".join(
                            filter(None, [f"DocEntry gt {question.after}", question.filter])
                        )
                    ),
                    f"$orderby=DocEntry&$top={question.page_size}&$skip={skip}",
                )
                read_at = self._clock()
                headers = query.page_headers(question.page_size)
                page = self._session.get(path, headers, wire.decode_page)
                keys = [wire.decode_doc_entry(row) for row in page.rows]
                rows = service_layer.Rows(keys, page.rows, len(keys), read_at)
                yield rows
                if len(keys) < question.page_size:
                    return
                skip += len(keys)

        return by_offset

    mutant.swap(service_layer.ServiceLayer, "_pages", pages)


@defect("a page that failed is skipped", at=4)
def _(mutant: Mutant) -> None:
    def page(original):
        def skipping(self, question, after):
            try:
                return original(self, question, after)
            except (BadAnswer, SAPUnavailable):
                return service_layer.Rows([], [], 0, self._clock())

        return skipping

    mutant.swap(service_layer.ServiceLayer, "_page", page)


@defect("a probe that failed counts as complete", at=8)
def _(mutant: Mutant) -> None:
    def asking(original):
        @contextlib.contextmanager
        def forgiving(self, probe, **options):
            with original(self, probe, **options) as asked:
                yield asked
            asked.complete = True

        return forgiving

    mutant.swap(run.Run, "asking", asking)
    # The missing anchors would give it away.
    mutant.swap(identity, "conflict", lambda old: lambda stored, answered: "")


@defect("a load goes on one order too late")
def _(mutant: Mutant) -> None:
    def load(original):
        def late(self, *, after, highest):
            return original(self, after=after + 1 if after else 0, highest=highest)

        return late

    mutant.swap(service_layer.ServiceLayer, "load", load)


@defect("a load's position is ahead of what is applied", at=23)
def _(mutant: Mutant) -> None:
    mutant.swap(
        positions.Positions,
        "first_load_got_to",
        lambda old: lambda self, doc_entry: old(self, doc_entry + 2),
    )


@defect("a light row is known by its stamp alone")
def _(mutant: Mutant) -> None:
    def by_stamp(old):
        return lambda light: light_hash(
            light._replace(document_status=None, cancelled=False, doc_total=None)
        )

    mutant.swap(service_layer, "light_hash", by_stamp)
    mutant.swap(apply, "light_hash", by_stamp)


@defect("a light row is known by its status alone", at=2)
def _(mutant: Mutant) -> None:
    def by_status(old):
        return lambda light: light_hash(
            light._replace(update_date=None, update_time=None, doc_total=None)
        )

    mutant.swap(service_layer, "light_hash", by_status)
    mutant.swap(apply, "light_hash", by_status)


@defect("a document is known by its header alone", at=5)
def _(mutant: Mutant) -> None:
    mutant.swap(
        apply,
        "document_hash",
        lambda old: lambda payload: document_hash(bytes(payload).split(b'"DocumentLines"')[0]),
    )


# Decoding.


@defect("an unknown status means closed", at=8)
def _(mutant: Mutant) -> None:
    mutant.swap(
        wire,
        "status_word",
        lambda old: lambda status: wire.STATUS_WORDS.get(status, "closed"),
    )


@defect("numbers are floats")
def _(mutant: Mutant) -> None:
    def as_float(original):
        return lambda number: original(None if number is None else Decimal(float(f"{number:.9g}")))

    mutant.swap(wire, "exact", as_float)


@defect("texts are cut to size")
def _(mutant: Mutant) -> None:
    _change_orders(mutant, lambda order: order._replace(address=(order.address or "")[:10] or None))


@defect("cancelled orders are merely closed", at=3)
def _(mutant: Mutant) -> None:
    _change_orders(mutant, lambda order: order._replace(cancelled=False))


@defect("dates are shifted by a time zone")
def _(mutant: Mutant) -> None:
    from datetime import timedelta

    _change_orders(
        mutant,
        lambda order: order._replace(doc_date=order.doc_date and order.doc_date - timedelta(1)),
    )


@defect("lines are known by their place", at=1)
def _(mutant: Mutant) -> None:
    def by_place(order):
        lines = (line._replace(line_num=place) for place, line in enumerate(order.lines))
        return order._replace(lines=tuple(lines))

    _change_orders(mutant, by_place)


def _change_orders(mutant: Mutant, change: Callable[[Any], Any]) -> None:
    def decode(original):
        return lambda doc_entry, payload: change(original(doc_entry, payload))

    mutant.swap(run, "decode_order", decode)


@defect("pending amounts are rounded down", at=2)
def _(mutant: Mutant) -> None:
    mutant.swap(totals, "ROUND_HALF_UP", lambda old: ROUND_DOWN)


# Positions.


@defect("nothing is looked back at", at=123)
def _(mutant: Mutant) -> None:
    mutant.swap(
        plan,
        "ask_from",
        lambda old: lambda position, *, lookback_days: old(position, lookback_days=0),
    )
    mutant.swap(
        plan,
        "moved",
        lambda old: (
            lambda position, *, newest_stamp, **rest: old(
                plan.ChangedPosition(
                    watermark=position.watermark,
                    newest_seen=newest_stamp or position.newest_seen,
                    doc_entry=position.doc_entry,
                ),
                newest_stamp=newest_stamp,
                **rest,
            )
        ),
    )


@defect("stamps of the watermark's own day are left out", at=21)
def _(mutant: Mutant) -> None:
    mutant.swap(
        plan,
        "ask_from",
        lambda old: lambda position, *, lookback_days: old(position, lookback_days=-1),
    )


@defect("new orders are looked for above too high a number", at=5)
def _(mutant: Mutant) -> None:
    def changed(original):
        def higher(self, *, since, above, **options):
            return original(self, since=since and since.replace(year=2027), above=above, **options)

        return higher

    mutant.swap(service_layer.ServiceLayer, "changed", changed)


@defect("positions move before what was found is owed")
def _(mutant: Mutant) -> None:
    late: list[tuple] = []
    mutant.swap(probes, "pending", lambda old: _Later(old, late))
    mutant.swap(sync, "pending", lambda old: _Later(old, late))


class _Later:
    """Adds what is owed only when it is asked for, in a transaction of its own."""

    def __init__(self, store: Any, late: list[tuple]) -> None:
        self._store, self._late = store, late

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add(self, company_id: int, found: Any, *, now: Any) -> None:
        self._late.append((company_id, found, now))

    def owed(self, *args: Any, **options: Any) -> Any:
        while self._late:
            company_id, found, now = self._late.pop()
            self._store.add(company_id, found, now=now)
        return self._store.owed(*args, **options)


@defect("what is owed is forgotten when it is taken up", at=17)
def _(mutant: Mutant) -> None:
    def owed_now(original):
        def forgetting(self):
            owed, held = original(self)
            pending.settle(self.company_id, list(owed))
            return owed, held

        return forgetting

    mutant.swap(run.Run, "owed_now", owed_now)


# Applying.


@defect("an order that is not found is closed", at=2)
def _(mutant: Mutant) -> None:
    def mark_missing(original):
        def closing(company_id, doc_entries, **options):
            keys = [order_id(company_id, entry) for entry in doc_entries]
            SalesOrder.objects.filter(pk__in=keys).update(document_status="closed")
            return original(company_id, doc_entries, **options)

        return closing

    mutant.swap(pending, "mark_missing", mark_missing)


@defect("an open order that is absent from the open ones is closed", at=2)
def _(mutant: Mutant) -> None:
    def add(original):
        def closing(company_id, found, **options):
            keys = [
                order_id(company_id, entry)
                for entry, why in found.items()
                if why.probe == "open" and why.light_hash is None
            ]
            SalesOrder.objects.filter(pk__in=keys).update(document_status="closed")
            rest = {
                entry: why
                for entry, why in found.items()
                if order_id(company_id, entry) not in keys
            }
            return original(company_id, rest, **options)

        return closing

    mutant.swap(pending, "add", add)


@defect("an order that is not found is deleted", at=2)
def _(mutant: Mutant) -> None:
    def mark_missing(original):
        def deleting(company_id, doc_entries, **options):
            keys = [order_id(company_id, entry) for entry in doc_entries]
            models.OrderChange.objects.filter(order__in=keys).delete()
            models.OrderLine.objects.filter(order__in=keys).delete()
            SalesOrder.objects.filter(pk__in=keys).delete()
            return original(company_id, doc_entries, **options)

        return deleting

    mutant.swap(pending, "mark_missing", mark_missing)


@defect("removed lines stay current", at=1)
def _(mutant: Mutant) -> None:
    mutant.swap(mirror, "mark_removed", lambda old: lambda ids, removed_at: 0)


@defect("an order without lines empties the stored one")
def _(mutant: Mutant) -> None:
    def emptying(original):
        def diff_order(stored, fetched, removed=()):
            if fetched.lines:
                return original(stored, fetched, removed)
            return original(stored._replace(lines=()), fetched, removed)

        return diff_order

    mutant.swap(apply, "diff_order", emptying)


@defect("only the header is compared")
def _(mutant: Mutant) -> None:
    def header_only(original):
        def diff_order(stored, fetched, removed=()):
            return original(stored, fetched._replace(lines=stored.lines), removed)

        return diff_order

    mutant.swap(apply, "diff_order", header_only)


@defect("changed stamps are no reason to write", at=25)
def _(mutant: Mutant) -> None:
    def stampless(original):
        def diff_order(stored, fetched, removed=()):
            same = stored._replace(update_date=fetched.update_date, update_time=fetched.update_time)
            return original(same, fetched, removed)

        return diff_order

    mutant.swap(apply, "diff_order", stampless)


@defect("a document that can't be taken is dropped")
def _(mutant: Mutant) -> None:
    mutant.swap(quarantine, "add", lambda old: lambda company_id, refused, *, now: None)


@defect("history does not say since when")
def _(mutant: Mutant) -> None:
    mutant.swap(
        history,
        "add",
        lambda old: lambda changes: old((*change[:3], None, change[4]) for change in changes),
    )


@defect("history tells a change that has been told")
def _(mutant: Mutant) -> None:
    mutant.swap(
        history, "add", lambda old: lambda changes: old(each for each in changes for _ in range(2))
    )


@defect("orders of other companies are settled too")
def _(mutant: Mutant) -> None:
    def everyones(original):
        def settle(company_id, doc_entries):
            models.Pending.objects.filter(doc_entry__in=list(doc_entries)).delete()

        return settle

    mutant.swap(pending, "settle", everyones)


# Transactions and the lease.


@defect("a batch is not one transaction")
def _(mutant: Mutant) -> None:
    def torn(original):
        @contextlib.contextmanager
        def loose(self):
            with original(self):
                pass
            yield

        return loose

    mutant.swap(lease.Lease, "transaction", torn)


@defect("the fence is not looked at", at=1)
def _(mutant: Mutant) -> None:
    def unfenced(original):
        @contextlib.contextmanager
        def anyone(self):
            with transaction.atomic():
                yield

        return anyone

    mutant.swap(lease.Lease, "transaction", unfenced)


@defect("the lease is looked at once, when it is taken", at=1)
def _(mutant: Mutant) -> None:
    def polite(original):
        @contextlib.contextmanager
        def once(self):
            if not models.Lease.objects.filter(company_id=self.company_id).exists():
                raise LeaseLost
            with transaction.atomic():
                yield

        return once

    mutant.swap(lease.Lease, "transaction", polite)


@defect("the lease is taken from whoever holds it", at=35)
def _(mutant: Mutant) -> None:
    def take(original):
        def taking(company_id, seen=None):
            models.Lease.objects.filter(company_id=company_id).update(holder="")
            return original(company_id)

        return taking

    mutant.swap(lease, "take", take)


@defect("the fence is only selected")
def _(mutant: Mutant) -> None:
    def selecting(original):
        @contextlib.contextmanager
        def asked(self):
            with transaction.atomic():
                mine = models.Lease.objects.filter(company_id=self.company_id, fence=self.fence)
                if not mine.exists():
                    raise LeaseLost
                yield

        return asked

    mutant.swap(lease.Lease, "transaction", selecting)


# Whose orders these are, and what is gone.


@defect("another company is taken for ours")
def _(mutant: Mutant) -> None:
    mutant.swap(identity, "conflict", lambda old: lambda stored, answered: "")
    mutant.swap(apply, "_require_same_order", lambda old: lambda applying, before, order: None)


@defect("a run goes on though SAP did not show who it is", at=1)
def _(mutant: Mutant) -> None:
    def ask(original):
        def trusting(run, **options):
            original(run, **options)
            return True

        return trusting

    mutant.swap(sync, "_ask", ask)
    mutant.swap(probes, "check_identity", lambda old: lambda run, position: True)


@defect("the brake is not pulled")
def _(mutant: Mutant) -> None:
    mutant.swap(plan, "too_many_missing", lambda old: lambda missing, *, orders: False)


@defect("an order is missing at first sight")
def _(mutant: Mutant) -> None:
    def mark(original):
        def at_once(company_id, doc_entries, *, now):
            reads.mark_missing(company_id, dict.fromkeys(doc_entries, now))
            return original(company_id, doc_entries, now=now)

        return at_once

    mutant.swap(pending, "mark_missing", mark)
    mutant.swap(service_layer.ServiceLayer, "by_key", _one_less)


def _one_less(original: Any) -> Any:
    """An answer that lacks a row now and then is believed."""

    def by_key(self, doc_entries):
        for batch in original(self, doc_entries):
            kept = batch.documents if len(batch.documents) % 3 else batch.documents[1:]
            yield dataclasses.replace(batch, documents=kept)

    return by_key


@defect("what a delivery changed is forgotten")
def _(mutant: Mutant) -> None:
    mutant.swap(probes, "_orders_behind", lambda old: lambda run, bases, probe: set())


@defect("a torn order is taken at once", at=2)
def _(mutant: Mutant) -> None:
    mutant.swap(apply, "looks_torn", lambda old: lambda order, stored: False)


@defect("lines keep the manufacturer that their item had")
def _(mutant: Mutant) -> None:
    mutant.swap(master_data, "_lines_follow", lambda old: lambda company_id, manufacturers: 0)


@defect("people's own values go with a removed line")
def _(mutant: Mutant) -> None:
    def mark(original):
        def and_prices(ids, removed_at):
            LinePrice.objects.filter(order__in={key // LINES_PER_ORDER for key in ids}).delete()
            return original(ids, removed_at)

        return and_prices

    mutant.swap(mirror, "mark_removed", mark)


# What scripts notice.


@defect("rows that were not asked for are accepted")
def _(mutant: Mutant) -> None:
    def check(original):
        def trusting(keys, remaining, question, after):
            keeps_all = dataclasses.replace(question, keeps=lambda doc_entry: True)
            original(keys, None, keeps_all, after)

        return trusting

    mutant.swap(service_layer, "_check_page", check)


@defect("rows out of order are accepted")
def _(mutant: Mutant) -> None:
    _check_keys(mutant, sorted)


@defect("rows sent twice are accepted")
def _(mutant: Mutant) -> None:
    _check_keys(mutant, lambda keys: list(dict.fromkeys(keys)))


def _check_keys(mutant: Mutant, mend: Callable[[list[int]], list[int]]) -> None:
    mutant.swap(
        service_layer,
        "_check_page",
        lambda old: lambda keys, remaining, *rest: old(mend(keys), None, *rest),
    )


@defect("an ended session is not renewed")
def _(mutant: Mutant) -> None:
    def get(original):
        def once(self, method, path, headers, body=None):
            cookie = self._logged_in(expired=None)
            return self._send(method, path, {**headers, "Cookie": cookie}, body)

        return once

    mutant.swap(session.Session, "_send_in_session", get)


@defect("an older document overwrites a newer one")
def _(mutant: Mutant) -> None:
    mutant.swap(apply, "is_older", lambda old: lambda document, run_id, known: False)
