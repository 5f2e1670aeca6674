"""Amounts as SQLite keeps them: whole millionths, exact and in order beyond 64 bits. Pure.

SQLite's INTEGER ends at 2^63 - 1, which is 9,223,372,036,854.775807; SAP's amounts end a little
later. Beyond, SQLite has nothing but REAL, whose values are 1,024 and more apart there. So a REAL
stands for its place among all REALs: 2^63 is kept as the double 2^63, 2^63 + 1 as the next double,
and so on. SQLite compares INTEGER and REAL by value, so what is kept so is also in order.

Doubles end at 13.5 million millions; only sums come that far. They are text with the digits in it,
which SQLite puts after every number: exact, and in order upwards, but a sum below -13.5 million
millions sorts above all numbers instead of below them.
"""

from __future__ import annotations

from struct import Struct

Kept = int | float | str

HIGHEST_INTEGER = 2**63 - 1
_INTEGER, _DOUBLE = Struct("<q"), Struct("<d")
_INFINITY = 0x7FF << 52
_DIGITS = 39


def _bits(number: float) -> int:
    place: int = _INTEGER.unpack(_DOUBLE.pack(number))[0]
    return place


_FIRST = _bits(2.0**63)


def keep(millionths: int) -> Kept:
    """What stands for a number of millionths in a column, a parameter or a result of SQLite."""
    if -HIGHEST_INTEGER <= millionths <= HIGHEST_INTEGER:
        return millionths
    size = abs(millionths)
    place = _FIRST + size - HIGHEST_INTEGER - 1
    if place >= _INFINITY:
        return f"{'p' if millionths > 0 else 'n'}{size:0{_DIGITS}d}"
    double: float = _DOUBLE.unpack(_INTEGER.pack(place))[0]
    return double if millionths > 0 else -double


def restored(kept: Kept) -> int:
    """The millionths that `kept` stands for.

    Raises ValueError for a REAL that is none of ours: what SQLite itself computed, rounded.
    """
    if isinstance(kept, int):
        return kept
    if isinstance(kept, str):
        return int(kept[1:]) if kept[0] == "p" else -int(kept[1:])
    place = _bits(abs(kept))
    if not _FIRST <= place < _INFINITY:
        raise ValueError(f"{kept!r} was computed by SQLite, which has no exact fractions")
    size = place - _FIRST + HIGHEST_INTEGER + 1
    return size if kept > 0 else -size
