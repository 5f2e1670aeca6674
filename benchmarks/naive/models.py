"""Orders, lines and items of the baselines; the indexes are what Django makes by itself."""

from __future__ import annotations

from decimal import Decimal

from django.db import models


def amount() -> models.DecimalField[Decimal | None, Decimal | None]:
    return models.DecimalField(max_digits=19, decimal_places=6, null=True)


class Manufacturer(models.Model):
    code = models.IntegerField()
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    item_code = models.CharField(max_length=50)
    manufacturer = models.ForeignKey(Manufacturer, models.CASCADE, null=True)

    def __str__(self) -> str:
        return self.item_code


class Order(models.Model):
    doc_entry = models.IntegerField()
    doc_num = models.IntegerField()
    doc_date = models.DateField(null=True)
    doc_due_date = models.DateField(null=True)
    update_date = models.DateField(null=True)
    card_code = models.CharField(max_length=50, default="")
    card_name = models.CharField(max_length=254, default="")
    num_at_card = models.CharField(max_length=254, default="")
    doc_currency = models.CharField(max_length=10, default="")
    doc_rate = amount()
    doc_total = amount()
    vat_sum = amount()
    discount_percent = amount()
    sales_person_code = models.IntegerField(null=True)
    comments = models.TextField(default="")
    address = models.TextField(default="")
    document_status = models.CharField(max_length=20, default="")
    cancelled = models.BooleanField(default=False)
    synced_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.doc_num)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    line_num = models.IntegerField()
    item_code = models.CharField(max_length=50, default="")
    item_description = models.CharField(max_length=254, default="")
    manufacturer_name = models.CharField(max_length=100, default="")
    quantity = amount()
    remaining_open_quantity = amount()
    price = amount()
    currency = models.CharField(max_length=10, default="")
    line_total = amount()
    open_amount = amount()
    line_status = models.CharField(max_length=20, default="")
    warehouse_code = models.CharField(max_length=20, default="")
    ship_date = models.DateField(null=True)
    free_text = models.TextField(default="")
    pending_amount = amount()

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_num}"
