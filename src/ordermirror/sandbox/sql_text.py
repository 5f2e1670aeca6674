"""The SQL a stored query may be written in: checked, and turned into what SQLite runs.

SELECT with joins, unions, groups and the few functions SAP's guide lists. No `SELECT *`, CASE,
COALESCE, arithmetic or anything that writes. Pure: text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ordermirror.sandbox.errors import SQL_SYNTAX, ServiceLayerError

FUNCTIONS = frozenset(
    {"sum", "avg", "max", "min", "count", "ifnull", "lower", "upper", "sap_left", "sap_right"}
)
"""By the names they have in SQLite."""

_RENAMED = {"isnull": "ifnull", "left": "sap_left", "right": "sap_right"}
_REFUSED = frozenset({
    "insert", "update", "delete", "merge", "replace", "drop", "create", "alter", "truncate", "exec",
    "with", "recursive", "case", "when", "coalesce", "cast", "convert", "limit", "offset", "over",
    "attach", "pragma", "values", "except", "intersect",
})  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<text>'(?:[^']|'')*')"
    r'|"(?P<quoted>\w+)"|\[(?P<bracketed>\w+)\]'
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|:(?P<parameter>\w+)"
    r"|(?P<word>[A-Za-z_@]\w*)"
    r"|(?P<sign><>|<=|>=|!=|[=<>(),.*])"
    r")"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    text: str
    """As SAP stores it: names of tables and columns in their own case, in brackets."""
    runnable: str
    parameters: tuple[str, ...]
    most: int | None
    """From SELECT TOP n; None is no limit."""
    ordered: bool


def parse(source: str, names: Mapping[str, str]) -> Statement:
    """Raises error 701 for what is not supported. `names`: lower case to a name's own case."""
    tokens = _tokens(source)
    if not tokens or tokens[0] != ("word", "select"):
        raise _syntax(source, "select expected")
    tokens, most = _without_top(tokens)
    written, runnable, parameters = [], [], []
    for place, (kind, value) in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else ("", "")
        if kind == "word" and value.lower() in _REFUSED:
            raise _syntax(source, f"'{value}' is not supported")
        if (kind, value) == ("sign", "*") and not _counts(tokens, place):
            raise _syntax(source, "'*' is not supported")
        if kind == "parameter" and value not in parameters:
            parameters.append(value)
        written.append(_as_stored(kind, value, names))
        runnable.append(_as_run(kind, value, following, names))
    top = f"top {most} " if most is not None else ""
    return Statement(
        text=_spaced(written).replace("select ", f"select {top}", 1),
        runnable=" ".join(runnable),
        parameters=tuple(parameters),
        most=most,
        ordered=("word", "order") in [(kind, value.lower()) for kind, value in tokens],
    )


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens = []
    position, end = 0, len(source.rstrip())
    while position < end:
        match = _TOKEN.match(source, position)
        if match is None:
            raise _syntax(source, source[position:end].split()[0])
        kind = match.lastgroup or ""
        value = match[kind]
        if kind in ("quoted", "bracketed"):
            kind = "name"
        tokens.append((kind, value.lower() if value.lower() == "select" else value))
        position = match.end()
    return tokens


def _without_top(tokens: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], int | None]:
    if len(tokens) > 2 and tokens[1][1].lower() == "top" and tokens[2][0] == "number":
        return [tokens[0], *tokens[3:]], int(float(tokens[2][1]))
    return tokens, None


def _counts(tokens: list[tuple[str, str]], place: int) -> bool:
    """Whether the star at this place is that of count(*)."""
    around = [value.lower() for _, value in tokens[max(0, place - 2) : place + 2]]
    return around == ["count", "(", "*", ")"]


def _as_stored(kind: str, value: str, names: Mapping[str, str]) -> str:
    if kind in ("word", "name"):
        own = names.get(value.lower())
        return f"[{own}]" if own else value
    return f":{value}" if kind == "parameter" else value


def _as_run(kind: str, value: str, following: tuple[str, str], names: Mapping[str, str]) -> str:
    if kind == "name":
        return f'"{names.get(value.lower(), value)}"'
    if kind == "word" and following == ("sign", "("):
        return _RENAMED.get(value.lower(), value)
    return f":{value}" if kind == "parameter" else value


def _spaced(words: list[str]) -> str:
    text = " ".join(words)
    text = re.sub(r" ?\. ?", ".", text)
    return re.sub(r" ([,)])", r"\1", text).replace("( ", "(")


def _syntax(source: str, trouble: str) -> ServiceLayerError:
    return ServiceLayerError(400, SQL_SYNTAX, f"Invalid SQL syntax:{source}, {trouble}")
