"""Hashes that tell whether an order must be read, or decoded, again. Pure.

64 bits of BLAKE2b as a signed integer, which every database stores in a BIGINT.
"""

from __future__ import annotations

from hashlib import blake2b

from ordermirror.records import LightOrder


def document_hash(payload: bytes | memoryview) -> int:
    """Of a document's JSON as SAP sent it; which mapping read it is remembered beside it."""
    return _number(blake2b(payload, digest_size=8).digest())


def light_hash(light: LightOrder) -> int:
    """Of the values that a light row and a whole document share, `doc_entry` left out."""
    text = "|".join(map(_text, light[1:]))
    return _number(blake2b(text.encode(), digest_size=8).digest())


def _text(value: object) -> str:
    """Odd stamps and statuses stay as SAP sent them: a border or a None in them is none."""
    if not isinstance(value, str):
        return str(value)
    return f"\\{value}" if value == "None" else value.replace("\\", "\\\\").replace("|", "\\|")


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)
