"""Money and quantities are exact on every database: stored, compared, ordered and added up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError, NotSupportedError, connection
from django.db.models import Avg, Case, F, Max, Min, Q, Sum, Value, When, Window
from django.test import RequestFactory

from ordermirror.export import exported_orders
from ordermirror.fields import ExactDecimalField
from ordermirror.models import OrderLine, Quarantine, SalesOrder
from tests.documents import apply_documents, document, line
from tests.web_builders import make_company, make_line, make_order

HIGHEST = Decimal("9999999999999.999999")
STEP = Decimal("0.000001")
SEAM = Decimal("9223372036854.775807")
"""The last amount that SQLite keeps as an INTEGER."""
ASCENDING = [
    -HIGHEST, -HIGHEST + STEP, -SEAM - STEP, -SEAM, -SEAM + STEP, Decimal("-0.1"), -STEP,
    Decimal(0), STEP, Decimal("0.1"), Decimal("9007199254.740993"),
    SEAM - STEP, SEAM, SEAM + STEP, SEAM + 2 * STEP, HIGHEST - STEP, HIGHEST,
]  # fmt: skip

pytestmark = pytest.mark.django_db


def orders_of(amounts, **fields):
    for amount in amounts:
        make_order(doc_total=amount, **fields)


def stored(**conditions):
    orders = SalesOrder.objects.filter(**conditions)
    return list(orders.order_by("doc_total").values_list("doc_total", flat=True))


def total(**conditions):
    return SalesOrder.objects.filter(**conditions).aggregate(total=Sum("doc_total"))["total"]


def test_a_thousand_times_a_tenth_is_a_hundred():
    company = make_company()
    make = SalesOrder(company=company, cancelled=False, pending_total=Decimal("0.1"))
    for number in range(1000):
        make.pk = make.doc_entry = make.doc_num = number + 1
        make.save(force_insert=True)

    assert SalesOrder.objects.aggregate(total=Sum("pending_total"))["total"] == 100


@pytest.mark.parametrize("amount", ASCENDING, ids=str)
def test_an_amount_comes_back_unchanged_from_a_saved_model(amount):
    order = make_order(doc_total=amount)

    order.refresh_from_db()

    assert (order.doc_total, stored()) == (amount, [amount])


def test_amounts_come_back_unchanged_from_documents():
    lines = [line(number, LineTotal=amount) for number, amount in enumerate(ASCENDING)]
    payload = document(7, *lines, DocTotal=str(HIGHEST), VatSum=str(-HIGHEST))

    apply_documents({7: payload, 8: document(8)})

    order = next(exported_orders(make_company().pk))
    assert (order["doc_total"], order["vat_sum"]) == (str(HIGHEST), str(-HIGHEST))
    lines = OrderLine.objects.filter(order__doc_entry=7).order_by("line_num")
    assert list(lines.values_list("line_total", flat=True)) == ASCENDING


def test_a_document_with_a_large_amount_is_the_same_when_it_is_read_again():
    payload = document(7, line(LineTotal=HIGHEST), DocTotal=HIGHEST)
    apply_documents({7: payload})

    again = apply_documents({7: payload + b" "}, minutes=1)

    assert again.rows_written == 0


def test_ordering_is_by_amount():
    orders_of(reversed(ASCENDING))

    assert stored() == ASCENDING


@pytest.mark.parametrize("place", range(len(ASCENDING)), ids=[str(it) for it in ASCENDING])
def test_filters_compare_exactly(place):
    orders_of(ASCENDING)
    amount = ASCENDING[place]

    assert stored(doc_total=amount) == stored(doc_total__in=[amount, Decimal(77)]) == [amount]
    assert stored(doc_total__gt=amount) == ASCENDING[place + 1 :]
    assert stored(doc_total__gte=amount) == ASCENDING[place:]
    assert stored(doc_total__lt=amount) == ASCENDING[:place]
    assert stored(doc_total__lte=amount) == ASCENDING[: place + 1]
    assert stored(doc_total__range=(amount, HIGHEST)) == ASCENDING[place:]


def test_filters_may_ask_for_more_than_is_stored():
    orders_of([-HIGHEST, HIGHEST])
    beyond = Decimal(10) ** 15

    assert stored(doc_total__gt=-beyond, doc_total__lt=beyond) == [-HIGHEST, HIGHEST]
    assert stored(doc_total__gt=beyond) == stored(doc_total__lt=-beyond) == []


def test_columns_are_compared_with_each_other():
    make_order(doc_entry=1, doc_total=HIGHEST, pending_total=HIGHEST - STEP)
    make_order(doc_entry=2, doc_total=HIGHEST, pending_total=HIGHEST)

    behind = SalesOrder.objects.filter(pending_total__lt=F("doc_total"))

    assert behind.get().doc_entry == 1


@pytest.mark.parametrize(
    "amounts",
    [
        [SEAM, STEP],
        [-SEAM, -STEP, -STEP],
        [HIGHEST, -HIGHEST, STEP],
        [HIGHEST, HIGHEST],
        [-HIGHEST, -HIGHEST, -STEP],
        [HIGHEST] * 20,
        [Decimal("-0.1"), Decimal("0.3"), None],
        [SEAM + STEP, None],
    ],
    ids=str,
)
def test_a_sum_is_exact_whatever_its_size(amounts):
    orders_of(amounts)

    assert total() == sum(filter(None, amounts))


def test_a_sum_over_nothing_is_none_unless_told_otherwise():
    make_order(doc_total=None)

    assert total() is None
    assert total(doc_num=0) is None
    assert SalesOrder.objects.aggregate(it=Sum("doc_total", default=0)) == {"it": 0}


def test_sums_of_groups_can_be_ordered_and_filtered():
    orders_of([HIGHEST, HIGHEST, HIGHEST], doc_currency="IDR")
    orders_of([HIGHEST, HIGHEST], doc_currency="VND")
    orders_of([SEAM, STEP], doc_currency="AED")
    orders_of([SEAM], doc_currency="USD")
    orders_of([Decimal(-5)], doc_currency="EUR")
    groups = SalesOrder.objects.values("doc_currency").annotate(total=Sum("doc_total"))

    ordered = groups.order_by("-total").values_list("doc_currency", "total")
    large = groups.filter(total__gt=SEAM, total__lt=3 * HIGHEST).order_by("total")

    assert list(ordered) == [
        ("IDR", 3 * HIGHEST), ("VND", 2 * HIGHEST), ("AED", SEAM + STEP), ("USD", SEAM),
        ("EUR", -5),
    ]  # fmt: skip
    assert [group["doc_currency"] for group in large] == ["AED", "VND"]


def test_a_sum_is_compared_with_a_column():
    order = make_order(pending_total=HIGHEST)
    make_line(order, line_num=0, pending_amount=HIGHEST - STEP)
    make_line(order, line_num=1, pending_amount=STEP)

    summed = SalesOrder.objects.annotate(total=Sum("lines__pending_amount"))

    assert summed.filter(total=F("pending_total")).count() == 1


def test_a_sum_may_be_of_some_rows_or_of_distinct_values():
    orders_of([HIGHEST, HIGHEST, SEAM, Decimal("0.1")])
    some = Q(doc_total__gt=SEAM)

    summed = SalesOrder.objects.aggregate(
        distinct=Sum("doc_total", distinct=True),
        some=Sum("doc_total", filter=some),
        none=Sum("doc_total", filter=Q(doc_total__lt=0)),
        both=Sum("doc_total", filter=some, distinct=True),
        chosen=Sum(Case(When(some, then="doc_total"), default=Value(0, ExactDecimalField()))),
    )

    assert summed == {
        "distinct": HIGHEST + SEAM + Decimal("0.1"),
        "some": 2 * HIGHEST,
        "none": None,
        "both": HIGHEST,
        "chosen": 2 * HIGHEST,
    }


def test_a_sum_of_sums_is_exact():
    orders_of([HIGHEST, HIGHEST], doc_currency="IDR")
    orders_of([HIGHEST, STEP], doc_currency="VND")
    groups = SalesOrder.objects.values("doc_currency").annotate(total=Sum("doc_total"))

    assert groups.aggregate(all=Sum("total")) == {"all": 3 * HIGHEST + STEP}


def test_the_smallest_and_the_largest_are_exact_and_the_average_is_to_six_decimals():
    orders_of([HIGHEST, HIGHEST - STEP, Decimal(-1)])
    orders_of([Decimal("0.000001"), Decimal("0.000002")], doc_currency="USD")
    found = SalesOrder.objects.aggregate(
        low=Min("doc_total"),
        high=Max("doc_total"),
        average=Avg("doc_total", filter=Q(doc_currency="AED")),
        small=Avg("doc_total", filter=Q(doc_currency="USD")),
        none=Avg("doc_total", filter=Q(doc_currency="EUR")),
    )

    assert found == {
        "low": -1,
        "high": HIGHEST,
        "average": Decimal("6666666666666.333332"),
        "small": Decimal("0.000002"),
        "none": None,
    }


def test_sums_and_averages_of_other_fields_are_as_ever():
    orders_of([None], series=3)
    orders_of([None], series=4)

    assert SalesOrder.objects.aggregate(Sum("series"), Avg("series")) == {
        "series__sum": 7,
        "series__avg": 3.5,
    }


def test_arithmetic_in_the_database_is_exact_or_refused():
    orders_of([HIGHEST], pending_total=HIGHEST)
    both = Sum(F("doc_total") + F("pending_total"), output_field=ExactDecimalField())

    if connection.vendor == "sqlite":
        with pytest.raises(NotSupportedError, match="no exact arithmetic"):
            SalesOrder.objects.aggregate(total=both)
    else:
        assert SalesOrder.objects.aggregate(total=both) == {"total": 2 * HIGHEST}


def test_a_running_sum_is_exact_or_refused():
    orders_of([HIGHEST, HIGHEST])
    running = SalesOrder.objects.annotate(running=Window(Sum("doc_total"), order_by="id"))

    if connection.vendor == "sqlite":
        with pytest.raises(DatabaseError, match="window function"):
            list(running)
    else:
        assert [order.running for order in running.order_by("id")] == [HIGHEST, 2 * HIGHEST]


@pytest.mark.parametrize("amount", [HIGHEST + STEP, -HIGHEST - STEP, Decimal("1e30")], ids=str)
def test_a_model_with_an_amount_beyond_the_limit_is_not_saved(amount):
    with pytest.raises((ValidationError, DatabaseError), match="beyond"):
        make_order(doc_total=amount)

    with pytest.raises(ValidationError, match=r"beyond ±9,999,999,999,999\.999999"):
        SalesOrder.objects.update(doc_total=amount)


def test_the_admin_shows_and_saves_large_amounts():
    order = make_order(doc_total=HIGHEST, pending_total=-HIGHEST)
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    page = admin.ModelAdmin(SalesOrder, admin.site)
    form_class = page.get_form(request, order, fields=["doc_total", "pending_total"])

    shown = str(form_class(instance=order))
    form = form_class({"doc_total": SEAM + STEP, "pending_total": "0.1"}, instance=order)
    page.save_model(request, form.save(commit=False), form, change=True)

    order.refresh_from_db()
    assert (f'value="{HIGHEST}"' in shown, f'value="-{HIGHEST}"' in shown) == (True, True)
    assert (order.doc_total, order.pending_total) == (SEAM + STEP, Decimal("0.1"))


def test_the_admin_refuses_an_amount_beyond_the_limit():
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    page = admin.ModelAdmin(SalesOrder, admin.site)
    form_class = page.get_form(request, fields=["doc_total"])

    form = form_class({"doc_total": HIGHEST + STEP})

    assert "no more than 19 digits in total" in str(form.errors["doc_total"])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([line(3, RemainingOpenQuantity="5000000", Price="2000000")], "line 3"),
        ([line(0, RemainingOpenQuantity=HIGHEST, Price=HIGHEST)], "line 0"),
        ([line(0, RemainingOpenQuantity=HIGHEST, Price=-HIGHEST)], "line 0"),
        ([line(0, Price="6e12"), line(1, Price="6e12")], "the order"),
    ],
)
def test_what_is_pending_beyond_the_limit_sets_its_document_aside(lines, reason):
    applied = apply_documents({7: document(7, *lines), 8: document(8)})

    held = Quarantine.objects.get()
    assert (applied.quarantined, list(SalesOrder.objects.values_list("doc_entry"))) == (1, [(8,)])
    assert (held.doc_entry, held.stage) == (7, "totals")
    assert held.reason == f"the amount pending on {reason} is beyond ±9,999,999,999,999.999999"


def test_a_document_with_an_amount_beyond_the_limit_is_set_aside():
    apply_documents({7: document(7, DocTotal="10000000000000"), 8: document(8, DocTotal=HIGHEST)})

    held = Quarantine.objects.get()
    assert (held.doc_entry, held.stage, "9,999,999,999,999.999999" in held.reason) == (
        7,
        "decode",
        True,
    )
    assert stored() == [HIGHEST]
