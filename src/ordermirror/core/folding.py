"""How texts are compared in a search: the same on every database, since it is done here. Pure."""

from __future__ import annotations

import unicodedata

TATWEEL = "\u0640"
"""Stretches an Arabic word in print; it is no letter."""


def fold(text: str | None) -> str:
    """Without case, accents, vowel signs or kinds of digits; spaces are single.

    `Café` and `CAFE`, `أحمد` and `احمد`, `١٢` and `12` are the same.
    """
    text = text or ""
    if text.isascii():
        return " ".join(text.lower().split())
    parts = unicodedata.normalize("NFKD", text.casefold())
    kept = (_folded(char) for char in parts if unicodedata.category(char) != "Mn")
    return " ".join("".join(kept).split())


def _folded(char: str) -> str:
    if char == TATWEEL:
        return ""
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def starts(text: str | None, most: int) -> list[str]:
    """The folded text from each of its first words on: `lpo-77` and `77` of `LPO-77`."""
    folded = fold(text)
    places = [
        place
        for place, char in enumerate(folded)
        if char.isalnum() and (place == 0 or not folded[place - 1].isalnum())
    ]
    return list(dict.fromkeys(folded[place:] for place in places[:most]))


def searchable(text: str, length: int) -> str:
    """As hexadecimal of at most `length` digits: it sorts alike under every collation.

    What starts with a text also starts with it so written, for as much as fits.
    """
    return text.encode()[: length // 2].hex()
