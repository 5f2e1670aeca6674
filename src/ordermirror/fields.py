"""A database field for money and quantities that is exact on every database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Expression

    ExactField = models.Field[Decimal | str | int | None, Decimal | None]
else:
    ExactField = models.Field

DECIMALS = 6
SCALE = 10**DECIMALS
STEP = Decimal(1).scaleb(-DECIMALS)


class ExactDecimalField(ExactField):
    """A Decimal with six decimals.

    SQLite has no exact fractions: Django's own DecimalField keeps 9007199254.740993 as a float
    there, and a thousand times 0.1 do not sum to 100. So SQLite stores whole millionths in an
    INTEGER, and the databases that have an exact type use NUMERIC(19, 6). Comparing, ordering and
    `Sum` work in the database on both. On SQLite a value, and a sum, stay below 9.2e12.
    """

    description = "An exact decimal number with six decimals"
    empty_strings_allowed = False

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bigint" if connection.vendor == "sqlite" else f"numeric(19, {DECIMALS})"

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Decimal | None:
        if value is None:
            return None
        number = Decimal(value)
        return number.scaleb(-DECIMALS) if connection.vendor == "sqlite" else number

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        number = self.to_python(value)
        if number is None or connection.vendor != "sqlite":
            return number
        return int(number.scaleb(DECIMALS))

    def to_python(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        try:
            number = Decimal(value)
            exact = number.quantize(STEP)
        except (ArithmeticError, TypeError, ValueError) as exc:
            raise ValidationError(f"{value!r} is not a decimal number.") from exc
        if exact != number:
            raise ValidationError(f"{value} has more than {DECIMALS} decimals.")
        return exact

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(form_class=forms.DecimalField, **kwargs)
