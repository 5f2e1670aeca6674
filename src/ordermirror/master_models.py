"""Mirrored master data: sales people, manufacturers, items, customers.

Orders name them by code and never depend on them: SAP may send an order before the item on it.
Stamps are not stored, so that a change of what is not mirrored writes nothing.
"""

from __future__ import annotations

from django.db import models

from ordermirror.fields import code, name
from ordermirror.records import CODE_LENGTH, DESCRIPTION_LENGTH, NAME_LENGTH


class SalesPerson(models.Model):
    """A mirrored sales employee."""

    company = models.ForeignKey("Company", models.PROTECT, db_index=False)
    sales_employee_code = models.IntegerField()
    sales_employee_name = models.CharField(max_length=NAME_LENGTH)
    active = models.BooleanField(null=True)

    class Meta:
        verbose_name_plural = "sales people"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "sales_employee_code"], name="person_company_code"
            )
        ]

    def __str__(self) -> str:
        return self.sales_employee_name


class Manufacturer(models.Model):
    """A mirrored manufacturer. The primary key is made of company and code."""

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey("Company", models.PROTECT, db_index=False)
    code = models.IntegerField()
    manufacturer_name = models.CharField(max_length=NAME_LENGTH)

    def __str__(self) -> str:
        return self.manufacturer_name


class Item(models.Model):
    """A mirrored item, or one that an order names and SAP has not shown yet.

    The primary key is a hash of company and code, so that writing needs no look-up.
    """

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey("Company", models.PROTECT, db_index=False)
    item_code = models.CharField(max_length=CODE_LENGTH)
    item_name = models.CharField(max_length=DESCRIPTION_LENGTH, null=True)  # noqa: DJ001 - SAP's null and "" are kept apart
    manufacturer = models.IntegerField(null=True)
    ask_at = models.DateTimeField(null=True)
    """When to ask SAP for it by its code, since it has not shown it; None: SAP has."""

    class Meta:
        # Those to ask for.
        indexes = [models.Index(fields=["company", "ask_at"], name="item_company_ask")]

    def __str__(self) -> str:
        return f"{self.item_code} {self.item_name or ''}"


class Customer(models.Model):
    """A mirrored customer. The primary key is a hash of company and code."""

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey("Company", models.PROTECT, db_index=False)
    card_code = models.CharField(max_length=CODE_LENGTH)
    card_name = name()
    sales_person_code = models.IntegerField(null=True)
    currency = code()
    phone1 = name()

    def __str__(self) -> str:
        return f"{self.card_code} {self.card_name or ''}"
