"""The fields of models: exact money and quantities on every database, SAP's codes and names."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import models

from ordermirror.millionths import keep, restored
from ordermirror.records import CODE_LENGTH, HIGHEST_AMOUNT, NAME_LENGTH

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Expression

    ExactField = models.Field[Decimal | str | int | None, Decimal | None]
else:
    ExactField = models.Field

DIGITS = 19
DECIMALS = 6
STEP = Decimal(1).scaleb(-DECIMALS)
_ROOMY = Context(prec=60, rounding=ROUND_HALF_UP)
"""More digits than any sum has, whatever the caller's own context is."""


class ExactDecimalField(ExactField):
    """A Decimal with six decimals, up to ±9,999,999,999,999.999999.

    SQLite has no exact fractions: Django's own DecimalField keeps 9007199254.740993 as a float
    there, and a thousand times 0.1 do not sum to 100. So SQLite stores whole millionths
    (`millionths.py`), and the databases that have an exact type use NUMERIC(19, 6). Comparing,
    ordering, `Min`, `Max` and `Sum` are exact in the database on all of them, and `Avg` is to six
    decimals. Arithmetic in the database (F expressions) is not exact on SQLite, so not for this.
    """

    description = "An exact decimal number with six decimals"
    empty_strings_allowed = False
    default_validators = [DecimalValidator(DIGITS, DECIMALS)]

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bigint" if connection.vendor == "sqlite" else f"numeric({DIGITS}, {DECIMALS})"

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Decimal | None:
        if value is None:
            return None
        if connection.vendor == "sqlite":
            return Decimal(restored(value)).scaleb(-DECIMALS, _ROOMY)
        return Decimal(value).quantize(STEP, context=_ROOMY)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        number = self.to_python(value)
        if number is None or connection.vendor != "sqlite":
            return number
        kept = keep(int(number.scaleb(DECIMALS, _ROOMY)))
        # Text sorts after every number, but this asks for what is below every stored amount.
        return -math.inf if isinstance(kept, str) and number < 0 else kept

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Refuses what a column does not hold, the same way on each database."""
        if not hasattr(value, "as_sql"):
            number = self.to_python(value)
            if number is not None and abs(number) > HIGHEST_AMOUNT:
                raise ValidationError(f"{value} is beyond ±{HIGHEST_AMOUNT:,}.")
        return super().get_db_prep_save(value, connection)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        try:
            number = Decimal(value)
            exact = number.quantize(STEP, context=_ROOMY)
        except (ArithmeticError, TypeError, ValueError) as exc:
            raise ValidationError(f"{value!r} is not a decimal number.") from exc
        if exact != number:
            raise ValidationError(f"{value} has more than {DECIMALS} decimals.")
        return exact

    def formfield(self, **kwargs: Any) -> Any:
        limits = {"max_digits": DIGITS, "decimal_places": DECIMALS}
        return super().formfield(**{"form_class": forms.DecimalField, **limits, **kwargs})


def code() -> models.CharField[str | None, str | None]:
    return models.CharField(max_length=CODE_LENGTH, null=True)


def name() -> models.CharField[str | None, str | None]:
    return models.CharField(max_length=NAME_LENGTH, null=True)
