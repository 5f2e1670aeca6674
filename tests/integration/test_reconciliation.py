"""What is mirrored, compared with what SAP shows by counts and sums."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from ordermirror.core.plan import Plan
from ordermirror.core.scope import Scope
from ordermirror.models import (
    OrderRead,
    Pending,
    Probe,
    Quarantine,
    ReadLog,
    Reconciliation,
    SalesOrder,
)
from ordermirror.records import OPEN
from ordermirror.sap.transport import Answer
from tests.support import answers, gateway_mirrored, mirrored

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ALWAYS = Plan(reconcile_every=timedelta(0))
MINUTES = timedelta(minutes=10)


class Site:
    """A mirror after its first load, whose clock goes on by ten minutes a run."""

    def __init__(self, mirror, **scope):
        self.mirror, self.now = mirror, NOW
        self.mirror.scope = Scope(**scope)
        self.run(plan=Plan())

    def run(self, plan=ALWAYS):
        self.now += MINUTES
        return self.mirror.sync(clock=lambda: self.now, plan=plan)

    def reconcile(self):
        """The result of a run that reconciles; every such run is complete."""
        before = Reconciliation.objects.count()
        report = self.run()
        assert (report.outcome, report.problem) == ("complete", "")
        assert Reconciliation.objects.count() == before + 1
        return Reconciliation.objects.latest("pk")

    def open_order(self):
        return SalesOrder.objects.shown().open().order_by("pk")[3]

    def answer_otherwise(self, part, change):
        """Answers to addresses with `part` in them are changed."""
        answers(self.mirror, lambda url, answer: change(answer) if part in url else answer)


@pytest.fixture(params=["service_layer", "gateway"])
def site(request, transactional_db):
    make = mirrored if request.param == "service_layer" else gateway_mirrored
    with make() as mirror:
        yield Site(mirror)


@pytest.fixture
def direct(transactional_db):
    """Of the Service Layer, where only edits leave a stamp."""
    with mirrored(bump_on=frozenset({"edit"})) as mirror:
        yield Site(mirror)


def differences(result):
    return {it["doc_entry"]: it["reason"] for it in result.figures["differences"]}


def side(result, name):
    found = result.figures["open"][name]
    return found["orders"], Decimal(found["total"])


def here():
    rows = SalesOrder.objects.shown().open()
    return rows.count(), rows.aggregate(it=Sum("doc_total"))["it"]


def test_what_is_true_is_equal_to_the_last_decimal(site):
    result = site.reconcile()

    assert result.differing == 0
    assert side(result, "at_sap") == side(result, "here") == here()
    assert here()[0] > 10


def test_closed_and_cancelled_orders_are_counted(direct):
    result = direct.reconcile()

    for kind in ("closed", "cancelled"):
        at_sap = SalesOrder.objects.filter(listed_as=kind).count()
        count = result.figures["counts"][kind]
        assert (count["before"], count["after"], count["here"]) == (at_sap,) * 3
        assert at_sap > 0


@pytest.mark.one_database(reason="about when SAP is asked")
def test_reconciliation_is_due_a_day_after_the_first_load_and_costs_nothing_before(direct):
    quiet = direct.run(plan=Plan())
    direct.now += timedelta(days=1) - 3 * MINUTES
    before = direct.run(plan=Plan())
    assert not Reconciliation.objects.exists()

    due = direct.run(plan=Plan())
    after = direct.run(plan=Plan())

    assert Reconciliation.objects.count() == 1
    asked = [[it.probe for it in run.probes] for run in (quiet, before, due, after)]
    assert [probes.count(Probe.RECONCILIATION) for probes in asked] == [0, 0, 2, 0]


@pytest.mark.one_database(reason="about what SAP is asked")
def test_reconciliation_asks_for_counts_and_nothing_else(direct):
    quiet, reconciling = direct.run(plan=Plan()), direct.run()

    asked = [it for it in reconciling.probes if it.probe == Probe.RECONCILIATION]
    assert [it.requests for it in asked] == [3, 2]  # with the login
    others = [run.requests for run in (quiet, reconciling)]
    assert others[1] - others[0] == 4


def test_a_lost_order_is_named_and_read_again(site):
    lost = site.open_order()
    lost.lines.all().delete()
    lost.words.all().delete()
    lost.changes.all().delete()
    lost.delete()

    result = site.reconcile()

    assert differences(result) == {lost.doc_entry: "lacking"}
    assert side(result, "at_sap")[0] - side(result, "here")[0] == 1
    assert side(result, "at_sap")[1] - side(result, "here")[1] == lost.doc_total
    assert lost.doc_entry in site.mirror.exported()
    assert site.reconcile().differing == 0


def test_a_wrong_amount_is_named_and_mended(site):
    wrong = site.open_order()
    right = wrong.doc_total
    SalesOrder.objects.filter(pk=wrong.pk).update(doc_total=right + Decimal("0.000001"))

    result = site.reconcile()

    assert result.figures["differences"] == [
        {
            "doc_entry": wrong.doc_entry,
            "reason": "total",
            "at_sap": f"{right.normalize():f}",
            "here": f"{right + Decimal('0.000001'):f}",
        }
    ]
    assert side(result, "here")[1] - side(result, "at_sap")[1] == Decimal("0.000001")
    assert SalesOrder.objects.get(pk=wrong.pk).doc_total == right
    assert ReadLog.objects.filter(probe=Probe.RECONCILIATION).get().doc_entry == wrong.doc_entry
    assert site.reconcile().differing == 0


def test_an_order_that_is_open_here_alone_is_read_and_not_closed_by_absence(direct):
    """The book-keeping knows it as closed, so that no probe looks for it."""
    closed = SalesOrder.objects.filter(listed_as="closed").order_by("pk")[2]
    SalesOrder.objects.filter(pk=closed.pk).update(document_status=OPEN)

    result = direct.reconcile()

    assert differences(result) == {closed.doc_entry: "not_open"}
    assert [it["difference"] for it in result.figures["counts"].values()] == [0, 0]
    assert SalesOrder.objects.get(pk=closed.pk).document_status == "closed"


def test_a_closed_order_that_was_lost_is_told_by_its_count(direct):
    lost = SalesOrder.objects.filter(listed_as="closed").order_by("pk")[2]
    SalesOrder.objects.filter(pk=lost.pk).update(hidden=True)

    result = direct.reconcile()

    assert result.differing == 1
    assert differences(result) == {}
    assert result.figures["counts"]["closed"]["difference"] == -1


def test_what_changed_since_the_last_run_is_no_difference(site):
    site.mirror.sandbox.business(events=60)

    result = site.reconcile()

    assert result.differing == 0
    assert side(result, "at_sap") == side(result, "here")


def test_an_order_edited_between_the_two_looks_is_on_its_way(direct):
    """SAP's open rows show it as it was; read by key a moment later it is another one."""
    edited, busy = direct.open_order(), [True]

    def after_open_rows(answer):
        if busy.pop() if busy else False:
            direct.mirror.sandbox.put_raw(edited.doc_entry, DocTotal=7)
            Pending.objects.create(
                company=edited.company, doc_entry=edited.doc_entry, probe=Probe.HINT,
                found_at=direct.now,
            )  # fmt: skip
        return answer

    direct.answer_otherwise("bost_Open'&$orderby", after_open_rows)
    result = direct.reconcile()

    assert not busy
    assert SalesOrder.objects.get(pk=edited.pk).doc_total == 7
    assert result.differing == 0
    assert result.figures["open"]["on_their_way"] == 1
    assert side(result, "at_sap") == side(result, "here")


@pytest.mark.one_database(reason="about when SAP is asked")
def test_orders_closed_while_it_is_counted_are_no_difference(direct):
    """The first count is of before, the last one of after; the mirror is in between."""
    order = direct.open_order()
    direct.answer_otherwise("$orderby=DocEntry", lambda answer: close(answer))

    def close(answer):
        direct.mirror.sandbox.put_raw(order.doc_entry, DocumentStatus="bost_Close")
        return answer

    count = direct.reconcile().figures["counts"]["closed"]

    assert count["after"] == count["before"] + 1
    assert count["difference"] == 0


@pytest.mark.one_database(reason="about when SAP is asked")
def test_an_order_owed_another_read_is_on_its_way(direct):
    """It is gone from SAP, which takes three proofs over an hour."""
    gone = direct.open_order()
    direct.mirror.sandbox.remove(gone.doc_entry)

    result = direct.reconcile()

    assert result.differing == 0
    assert result.figures["open"]["on_their_way"] == 1


@pytest.mark.one_database(reason="about what is compared")
def test_an_order_shown_as_missing_in_sap_is_not_counted_here(direct):
    gone = direct.open_order()
    direct.mirror.sandbox.remove(gone.doc_entry)
    for _ in range(12):
        direct.run(plan=Plan())
    assert OrderRead.objects.exclude(missing_since=None).get().pk == gone.pk

    result = direct.reconcile()

    assert (result.differing, result.figures["open"]["on_their_way"]) == (0, 0)


def test_an_order_set_aside_is_a_difference_and_left_to_its_next_try(direct):
    bad = direct.open_order()
    direct.mirror.sandbox.put_raw(bad.doc_entry, DocTotal=8, Comments="x" * 20_000)

    result = direct.reconcile()

    assert Quarantine.objects.get().doc_entry == bad.doc_entry
    assert differences(result) == {bad.doc_entry: "set_aside"}
    assert [it["probe"] for it in result.run.probes].count(Probe.BY_KEY) == 1


SCOPES = [
    Scope(customers=("C00001", "C00002")),
    Scope(since=date(2025, 7, 1)),
    Scope(customers=("C0000",), since=date(2025, 7, 1)),
]


@pytest.mark.parametrize("scope", SCOPES)
def test_only_what_is_in_scope_is_compared(transactional_db, scope):
    with mirrored(customers=8) as mirror:
        site = Site(mirror, customers=scope.customers, since=scope.since)

        result = site.reconcile()

        closed = sum(
            it["DocumentStatus"] != "bost_Open" and it["Cancelled"] == "tNO"
            for it in mirror.sandbox.orders()
        )
        assert result.differing == 0
        assert side(result, "at_sap") == side(result, "here") == here()
        assert 0 < result.figures["counts"]["closed"]["after"] < closed


def test_older_orders_that_are_kept_after_a_shorter_history_are_not_counted(direct):
    direct.mirror.scope = Scope(since=date(2025, 7, 1))

    result = direct.reconcile()

    kept = SalesOrder.objects.filter(listed_as="closed").count()
    assert 0 < result.figures["counts"]["closed"]["here"] < kept
    assert result.differing == 0


def test_a_gateway_also_shows_other_customers_which_are_not_compared(transactional_db):
    with gateway_mirrored(customers=8) as mirror:
        site = Site(mirror, customers=("C00001", "C00002"))

        result = site.reconcile()

        assert result.differing == 0
        assert result.figures["counts"] == {}
        assert side(result, "at_sap") == side(result, "here") == here()


@pytest.mark.one_database(reason="about when SAP is asked")
def test_nothing_is_compared_while_a_wider_scope_is_being_loaded(transactional_db):
    with mirrored(customers=8) as mirror:
        mirror.page_size = 5
        site = Site(mirror, customers=("C00001",))
        mirror.scope = Scope()
        loading = Plan(reconcile_every=timedelta(0), backfill_batches=1)

        site.run(plan=loading)

        assert not Reconciliation.objects.exists()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, b'{"error": {"code": -6006, "message": "No permission"}}', "No permission"),
        (500, b"", "no message"),
        (200, b"<html></html>", "not a number"),
    ],
)
@pytest.mark.one_database(reason="about what SAP answers")
def test_a_site_that_does_not_count_is_told_and_the_open_orders_are_compared(
    direct, status, body, told
):
    direct.answer_otherwise("$count?", lambda answer: Answer(status, answer.headers, body))

    result = direct.reconcile()

    assert told in result.figures["not_possible"]
    assert (result.differing, result.figures["counts"]) == (0, {})
    assert side(result, "at_sap") == side(result, "here")


@pytest.mark.one_database(reason="about when SAP is asked")
def test_without_the_whole_open_set_the_next_run_reconciles(direct):
    failing = [True]

    def fail(answer):
        return Answer(200, answer.headers, b"<html>") if failing else answer

    direct.answer_otherwise("bost_Open'&$orderby", fail)
    daily = Plan(reconcile_every=2 * MINUTES)
    direct.now += MINUTES
    assert direct.run(plan=daily).outcome == "incomplete"
    assert not Reconciliation.objects.exists()
    failing.clear()

    direct.run(plan=daily)

    assert Reconciliation.objects.get().differing == 0


@pytest.mark.one_database(reason="about what SAP answers")
def test_a_refused_login_is_not_repeated(direct):
    direct.mirror.password = "wrong"
    logins = []
    direct.answer_otherwise("/Login", lambda answer: logins.append(answer.status) or answer)

    report = direct.run()

    assert (report.outcome, logins) == ("failed", [401])
