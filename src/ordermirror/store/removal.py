"""Deleting a company and all its mirrored rows, for good: only when a person says so."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models, transaction

from ordermirror.models import (
    Company,
    OrderChange,
    OrderLine,
    OrderRead,
    ReferenceWord,
    SalesOrder,
    line_id,
    order_id,
    word_id,
)

ORDERS_AT_ONCE = 500


def orders_of(company_id: int) -> Iterator[tuple[int, int]]:
    """The keys of its orders as ranges, each from the first to one beyond, while there are any."""
    low, high = order_id(company_id, 0), order_id(company_id + 1, 0)
    while True:
        keys = SalesOrder.objects.filter(id__gte=low, id__lt=high).order_by("id")
        few = list(keys.values_list("id", flat=True)[:ORDERS_AT_ONCE])
        if not few:
            return
        yield few[0], few[-1] + 1
        low = few[-1] + 1


def delete_orders(first: int, beyond: int) -> None:
    """The caller's transaction. `first` and `beyond` are keys of orders."""
    within = (
        OrderChange.objects.filter(order_id__gte=first, order_id__lt=beyond),
        OrderLine.objects.filter(id__gte=line_id(first, 0), id__lt=line_id(beyond, 0)),
        ReferenceWord.objects.filter(id__gte=word_id(first, 0), id__lt=word_id(beyond, 0)),
        OrderRead.objects.filter(id__gte=first, id__lt=beyond),
        SalesOrder.objects.filter(id__gte=first, id__lt=beyond),
    )
    for rows in within:
        rows._raw_delete(rows.db)  # what points to them goes as well


def delete_company(company_id: int) -> None:
    """What is left when its orders are deleted."""
    with transaction.atomic():
        for model in apps.get_app_config("ordermirror").get_models():
            if "company" in {field.name for field in model._meta.concrete_fields}:
                _of_company(model, company_id).delete()
        Company.objects.filter(pk=company_id).delete()


def _of_company(model: type[models.Model], company_id: int) -> models.QuerySet[models.Model]:
    return model._default_manager.filter(company=company_id)
