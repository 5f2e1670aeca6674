"""Field types of SAP's JSON, and its numbers, dates and times as ours.

Numbers are decoded as Decimals: SAP declares them as doubles but keeps six decimals, so a number
that carries more is either the noise of a double (rounded away) or not SAP's (refused).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, TypeVar

import msgspec

from ordermirror.records import (
    CODE_LENGTH,
    DESCRIPTION_LENGTH,
    HIGHEST_AMOUNT,
    HIGHEST_ENTRY,
    NAME_LENGTH,
    STATUS_LENGTH,
)

T = TypeVar("T")

_STEP = Decimal("0.000001")
_ZERO = Decimal("0.000000")
_NOISE = Decimal("1e-15")
_NO_DATE = "a date is neither YYYY-MM-DD nor YYYY-MM-DDT00:00:00Z"
_TOO_LARGE = f"a number is too large for an amount or quantity (beyond ±{HIGHEST_AMOUNT:,})"
_SPELLED = {
    "row_total_fc": "RowTotalFC",
    "open_amount_fc": "OpenAmountFC",
    "lines": "DocumentLines",
}

Entry = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_ENTRY)]
Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
LineNum = Annotated[int, msgspec.Meta(ge=0, lt=2**20)]
Code = Annotated[str, msgspec.Meta(max_length=CODE_LENGTH)]
Name = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH)]
Description = Annotated[str, msgspec.Meta(max_length=DESCRIPTION_LENGTH)]
Status = Annotated[str, msgspec.Meta(max_length=STATUS_LENGTH)]
LongText = Annotated[str, msgspec.Meta(max_length=16_000)]
Date = Annotated[str, msgspec.Meta(max_length=40)]
"""Never long, since the dates that were read last are remembered."""


def sap_name(field: str) -> str:
    """SAP's spelling of a field: doc_entry is DocEntry."""
    return _SPELLED.get(field) or "".join(word.capitalize() for word in field.split("_"))


def require_no_nul(values: Iterable[object]) -> None:
    """NUL is cut off with what follows it by SQLite, and refused by PostgreSQL."""
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise ValueError("a text holds NUL, which not every database can store")


def exact(number: Decimal | None) -> Decimal | None:
    """The number with six decimals; a double's noise beyond them, and its -0, are rounded away."""
    if number is None:
        return None
    if not number.is_finite():
        raise ValueError("a number is not finite")
    try:
        exact = number.quantize(_STEP)
    except InvalidOperation as exc:
        raise ValueError(_TOO_LARGE) from exc
    if exact != number and abs(exact - number) > abs(number) * _NOISE:
        raise ValueError("a number has more than the six decimals that SAP keeps")
    if not -HIGHEST_AMOUNT <= exact <= HIGHEST_AMOUNT:
        raise ValueError(_TOO_LARGE)
    return exact or _ZERO


def decoded(decoder: msgspec.json.Decoder[T], content: bytes | memoryview | msgspec.Raw) -> T:
    """Raises ValueError, also for what is nested too deeply to be read."""
    try:
        return decoder.decode(content)
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc


def readable(raw: msgspec.Raw, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def readable_date(raw: msgspec.Raw) -> date | None:
    try:
        return day(readable(raw, Date))
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def day(value: str | None) -> date | None:
    """SAP's calendar date from 2024-01-31 or 2024-01-31T00:00:00Z; its Z is no time zone.

    Gateways also write 2024/01/31.
    """
    if value is None:
        return None
    if len(value) == 10 and value[4] == value[7] == "/":
        value = value.replace("/", "-")
    if len(value) > 10 and value[10] != "T":
        raise ValueError(_NO_DATE)
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        # Its own words quote the value.
        raise ValueError(_NO_DATE) from None


@lru_cache(maxsize=8192)
def time_of_day(value: str | None) -> str | None:
    """HH:MM:SS from 10:52 or 10:52:00; an odd stamp stays as SAP sent it."""
    return value + ":00" if value is not None and len(value) == 5 and value[2] == ":" else value
