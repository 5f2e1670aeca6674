"""How many decimals a currency has (ISO 4217). Pure."""

from __future__ import annotations

_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NONE = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
)


def decimals_of(currency: str | None) -> int:
    """2 for a currency that is unknown or not given, as most have."""
    if currency in _THREE:
        return 3
    return 0 if currency in _NONE else 2
