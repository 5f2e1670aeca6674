"""Filters made into functions of a row, with SQL's idea of null: unknown is not true.

Dates are compared by day (the Service Layer drops the time part of a date literal).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from ordermirror.sandbox.company import DELETE, Row
from ordermirror.sandbox.errors import bad_request
from ordermirror.sandbox.metadata import Property
from ordermirror.sandbox.odata import And, Comparison, Function, Literal, Node, Not, Or, Relation

Truth: TypeAlias = bool | None
"""None is unknown: a comparison with null."""
Predicate: TypeAlias = Callable[[Row], Truth]
Properties: TypeAlias = Mapping[str, Property]

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T?\d{2}:?\d{2}(?::?\d{2}(?:\.\d+)?)?Z?)?")
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2}))?")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
    "substringof": str.__contains__,
}


def compiled(node: Node, properties: Properties, *, time_filter: str = "seconds") -> Predicate:
    match node:
        case And(operands):
            return _all([compiled(each, properties, time_filter=time_filter) for each in operands])
        case Or(operands):
            return _any([compiled(each, properties, time_filter=time_filter) for each in operands])
        case Not(operand):
            return _not(compiled(operand, properties, time_filter=time_filter))
        case Function():
            return _function(node, properties)
        case Relation():
            return _relation(node, properties)
        case Comparison():
            return _comparison(node, properties, time_filter)


def literal_value(literal: Literal, prop: Property) -> Any:
    """A literal as a value of the property's own type; anything else is refused."""
    if prop.type == "date" and literal.kind in ("text", "datetime"):
        return parse_date(str(literal.value))
    if prop.type == "time" and literal.kind == "text":
        return _parse_time(str(literal.value))
    if prop.type in ("i32", "dbl") and isinstance(literal.value, Decimal):
        whole = literal.value == literal.value.to_integral_value()
        return int(literal.value) if whole else literal.value
    if prop.type == "str" and literal.kind == "text":
        return literal.value
    if prop.enum is not None and literal.kind in ("text", prop.enum.name):
        member = prop.enum.member(str(literal.value))
        if member is not None:
            return member
    raise bad_request(f"Query string error: Invalid value '{literal.value}' for '{prop.name}'")


def parse_date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise bad_request(f"Query string error: Invalid date '{text}'")
    try:
        return date(*map(int, match.groups()))
    except ValueError as exc:
        raise bad_request(f"Query string error: Invalid date '{text}'") from exc


def filterable(name: str, properties: Properties) -> Property:
    prop = properties.get(name)
    if prop is None:
        raise bad_request(f"Property '{name}' of 'Document' is invalid")
    if not prop.is_simple:
        raise bad_request(f"Property '{name}' cannot be used in $filter or $orderby")
    return prop


def _parse_time(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None:
        raise bad_request(f"Query string error: Invalid time '{text}'")
    hour, minute, second = match.groups(default="00")
    return f"{hour}:{minute}:{second}"


def _comparison(node: Comparison, properties: Properties, time_filter: str) -> Predicate:
    prop = filterable(node.name, properties)
    if prop.type == "time" and time_filter == "refused":
        raise bad_request(f"Property '{node.name}' cannot be used in $filter")
    if node.literal.kind == "null":
        return _null_test(node, prop)
    if prop.enum is not None and node.operator not in ("eq", "ne"):
        raise bad_request(f"Operator '{node.operator}' is not supported for '{node.name}'")
    value = literal_value(node.literal, prop)
    if prop.type == "time" and time_filter == "minutes":
        return _minutes(node, value)
    return _compare(node.name, _COMPARE[node.operator], value, prop.default)


def _compare(name: str, compare: Callable[[Any, Any], bool], value: Any, default: Any) -> Predicate:
    def predicate(row: Row) -> Truth:
        found = row.get(name, default)
        if found is None or found is DELETE:
            return None
        try:
            return compare(found, value)
        except TypeError:  # an odd value put there on purpose
            return None

    return predicate


def _relation(node: Relation, properties: Properties) -> Predicate:
    left, right = filterable(node.left, properties), filterable(node.right, properties)
    compare = _COMPARE[node.operator]

    def predicate(row: Row) -> Truth:
        values = row.get(left.name, left.default), row.get(right.name, right.default)
        if any(value is None or value is DELETE for value in values):
            return None
        try:
            return compare(*values)
        except TypeError:  # an odd value, or two that no database would compare
            return None

    return predicate


def _minutes(node: Comparison, value: str) -> Predicate:
    compare = _COMPARE[node.operator]

    def predicate(row: Row) -> Truth:
        found = row.get(node.name)
        return compare(found[:5], value[:5]) if isinstance(found, str) else None

    return predicate


def _null_test(node: Comparison, prop: Property) -> Predicate:
    if node.operator not in ("eq", "ne"):
        raise bad_request(f"Operator '{node.operator}' is not supported for null")
    wanted = node.operator == "eq"

    def predicate(row: Row) -> Truth:
        found = row.get(prop.name, prop.default)
        return (found is None or found is DELETE) is wanted

    return predicate


def _function(node: Function, properties: Properties) -> Predicate:
    prop = filterable(node.name, properties)
    if prop.type != "str":
        raise bad_request(f"Function '{node.function}' needs a string, not '{node.name}'")
    test, text = _TEXT[node.function], node.text

    def predicate(row: Row) -> Truth:
        found = row.get(node.name, prop.default)
        return test(found, text) if isinstance(found, str) else None

    return predicate


def _all(predicates: list[Predicate]) -> Predicate:
    def predicate(row: Row) -> Truth:
        answer: Truth = True
        for each in predicates:
            truth = each(row)
            if truth is False:
                return False
            if truth is None:
                answer = None
        return answer

    return predicate


def _any(predicates: list[Predicate]) -> Predicate:
    def predicate(row: Row) -> Truth:
        answer: Truth = False
        for each in predicates:
            truth = each(row)
            if truth is True:
                return True
            if truth is None:
                answer = None
        return answer

    return predicate


def _not(operand: Predicate) -> Predicate:
    def predicate(row: Row) -> Truth:
        truth = operand(row)
        return None if truth is None else not truth

    return predicate
