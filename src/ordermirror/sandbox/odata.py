"""The filter language the Service Layer documents, read into a small tree.

Operators: and or not lt le gt ge eq ne, parentheses and null. Functions: startswith, endswith,
contains and substringof. No arithmetic, no date functions: those are refused, and so is `in` unless
`lists` are allowed.
The conditions of a join also compare two properties, each named by its path (Orders/DocEntry).
Pure: text in, tree out; what the names mean is decided in `predicate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from ordermirror.sandbox.errors import bad_request

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
FUNCTIONS = ("startswith", "endswith", "contains", "substringof")
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_DEEPEST = 100
_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<typed>datetime'(?:[^']|'')*'|SAPB1\.\w+'(?:[^']|'')*')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z_]\w*(?:/\w+)*)"
    r"|(?P<sign>[(),])"
    r")"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """`kind` is text, number, null, datetime or the name of an enumeration."""

    kind: str
    value: str | Decimal | None


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Relation:
    """Two properties compared."""

    left: str
    operator: str
    right: str


@dataclass(frozen=True, slots=True)
class Function:
    function: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Node, ...]


Node: TypeAlias = Comparison | Relation | Function | Not | And | Or


def parse_filter(source: str, *, lists: bool = False) -> Node:
    return _parsed(source, joining=False, lists=lists)


def parse_condition(source: str) -> Node:
    """The condition of a join, in which properties may be compared with each other."""
    return _parsed(source, joining=True)


def conjuncts(node: Node | None) -> tuple[Node, ...]:
    """The parts that must all be true."""
    if node is None:
        return ()
    return node.operands if isinstance(node, And) else (node,)


def names_in(node: Node) -> set[str]:
    match node:
        case Comparison(name) | Function(_, name):
            return {name}
        case Relation(left, _, right):
            return {left, right}
        case Not(operand):
            return names_in(operand)
        case And(operands) | Or(operands):
            return set().union(*map(names_in, operands))


def without_path(node: Node, path: str) -> Node:
    """The same about a property of one row: `Orders/DocEntry` becomes `DocEntry`."""

    def bare(name: str) -> str:
        return name.removeprefix(f"{path}/")

    match node:
        case Comparison(name) | Function(_, name):
            return replace(node, name=bare(name))
        case Relation(left, operator, right):
            return Relation(bare(left), operator, bare(right))
        case Not(operand):
            return Not(without_path(operand, path))
        case And(operands):
            return And(tuple(without_path(each, path) for each in operands))
        case Or(operands):
            return Or(tuple(without_path(each, path) for each in operands))


def _parsed(source: str, *, joining: bool, lists: bool = False) -> Node:
    parser = _Parser(_tokens(source), source, joining=joining, lists=lists)
    node = parser.disjunction(0)
    parser.finish()
    return node


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(source.rstrip())
    while position < end:
        match = _TOKEN.match(source, position)
        if match is None:
            raise bad_request(f"Query string error: Invalid filter expression: {source}")
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        position = match.end()
    return tokens


class _Parser:
    def __init__(
        self, tokens: list[tuple[str, str]], source: str, *, joining: bool, lists: bool
    ) -> None:
        self._tokens = tokens
        self._joining = joining
        self._lists = lists
        self._position = 0
        self._source = source

    def disjunction(self, depth: int) -> Node:
        operands = [self.conjunction(depth)]
        while self._take_word("or"):
            operands.append(self.conjunction(depth))
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def conjunction(self, depth: int) -> Node:
        operands = [self.negation(depth)]
        while self._take_word("and"):
            operands.append(self.negation(depth))
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def negation(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._error()
        if self._take_word("not"):
            return Not(self.negation(depth + 1))
        if self._take_sign("("):
            node = self.disjunction(depth + 1)
            self._expect_sign(")")
            return node
        return self._term()

    def finish(self) -> None:
        if self._position != len(self._tokens):
            raise self._error()

    def _term(self) -> Node:
        kind, value = self._next()
        if kind == "word" and value in FUNCTIONS and self._take_sign("("):
            return self._function(value)
        if kind == "word" and value != "null":
            return self._about(value)
        literal = self._as_literal(kind, value)
        operator = self._operator()
        kind, name = self._next()
        if kind != "word" or name == "null":
            raise self._error()
        return Comparison(name, _MIRRORED[operator], literal)

    def _about(self, name: str) -> Node:
        if self._lists and self._take_word("in"):
            return self._one_of(name)
        operator = self._operator()
        kind, value = self._next()
        if self._joining and kind == "word" and value != "null":
            return Relation(name, operator, value)
        return Comparison(name, operator, self._as_literal(kind, value))

    def _one_of(self, name: str) -> Or:
        self._expect_sign("(")
        literals = [self._as_literal(*self._next())]
        while self._take_sign(","):
            literals.append(self._as_literal(*self._next()))
        self._expect_sign(")")
        return Or(tuple(Comparison(name, "eq", literal) for literal in literals))

    def _function(self, function: str) -> Function:
        first = self._next()
        self._expect_sign(",")
        second = self._next()
        self._expect_sign(")")
        if function == "substringof":  # substringof('x', Name), the others (Name, 'x')
            first, second = second, first
        if first[0] != "word" or second[0] != "text":
            raise self._error()
        return Function(function, first[1], _unquoted(second[1]))

    def _operator(self) -> str:
        kind, value = self._next()
        if kind != "word" or value not in COMPARISONS:
            raise self._error()
        return value

    def _as_literal(self, kind: str, value: str) -> Literal:
        if kind == "text":
            return Literal("text", _unquoted(value))
        if kind == "number":
            return Literal("number", Decimal(value))
        if kind == "typed":
            prefix, _, rest = value.partition("'")
            return Literal(prefix.removeprefix("SAPB1."), _unquoted(f"'{rest}"))
        if (kind, value) == ("word", "null"):
            return Literal("null", None)
        raise self._error()

    def _next(self) -> tuple[str, str]:
        if self._position == len(self._tokens):
            raise self._error()
        self._position += 1
        return self._tokens[self._position - 1]

    def _take(self, kind: str, value: str) -> bool:
        found = self._position < len(self._tokens) and self._tokens[self._position] == (kind, value)
        self._position += found
        return found

    def _take_word(self, word: str) -> bool:
        return self._take("word", word)

    def _take_sign(self, sign: str) -> bool:
        return self._take("sign", sign)

    def _expect_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._error()

    def _error(self) -> Exception:
        return bad_request(f"Query string error: Invalid filter expression: {self._source}")


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
