"""Values that people enter and that exist nowhere else.

They are kept by the order's computed key and the line's number, without foreign keys: no sync, no
removed line and no vanished order takes them along. Who wrote is kept as the name they had.
"""

from __future__ import annotations

from django.db import models

from ordermirror.fields import ExactDecimalField
from ordermirror.records import CODE_LENGTH

PERSON_LENGTH = 150
"""As long as Django's user names."""


class OrderNote(models.Model):
    """A remark about an order. Notes are added, never changed."""

    order = models.BigIntegerField()
    author = models.CharField(max_length=PERSON_LENGTH)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["order", "id"], name="note_order")]

    def __str__(self) -> str:
        return f"{self.author}: {self.text}"


class Approval(models.Model):
    """What was decided about an order, and what the order looked like then."""

    class State(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    order = models.BigIntegerField(unique=True)
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    decided_by = models.CharField(max_length=PERSON_LENGTH)
    decided_at = models.DateTimeField()
    remark = models.TextField(default="")
    doc_total = ExactDecimalField(null=True)
    """In the document's currency."""
    doc_currency = models.CharField(max_length=CODE_LENGTH, default="")
    fingerprint = models.BigIntegerField(null=True)
    """The hash of the document that was decided about."""
    version = models.IntegerField(default=1)
    """Rises with each decision, so that one made on an older state is refused."""

    def __str__(self) -> str:
        return f"{self.order}: {self.state}"


class LinePrice(models.Model):
    """A revised price, for the item that the line had when it was entered.

    A price that was taken back stays as a row without a price: its version goes on rising.
    """

    order = models.BigIntegerField()
    line_num = models.IntegerField()
    item_code = models.CharField(max_length=CODE_LENGTH, default="")
    currency = models.CharField(max_length=CODE_LENGTH, default="")
    price = ExactDecimalField(null=True)
    set_by = models.CharField(max_length=PERSON_LENGTH)
    set_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line_num"], name="price_order_line"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.order}/{self.line_num}: {self.price}"
