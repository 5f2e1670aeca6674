"""Rows of several entity sets, or of a document and its lines, joined on a condition.

A set is joined by its key and a document's lines by the document where the condition says so;
else every row is looked at, as it would be by a database without an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from ordermirror.sandbox.company import Row
from ordermirror.sandbox.entity_sets import EntitySet
from ordermirror.sandbox.errors import bad_request
from ordermirror.sandbox.metadata import Property, entity_types
from ordermirror.sandbox.odata import And, Node, Relation, conjuncts, names_in, without_path
from ordermirror.sandbox.predicate import compiled

Joined: TypeAlias = Row
"""The properties of all rows that make one joined row, each by its path."""


@dataclass(frozen=True)
class Source:
    """What is joined: an entity set, or a collection inside its documents such as the lines."""

    path: str
    entity_set: EntitySet
    collection: str | None = None

    @cached_property
    def properties(self) -> dict[str, Property]:
        """By path, those a join can show or compare."""
        own = self.entity_set.entity.properties
        if self.collection is not None:
            own = entity_types()[own[self.collection].type.strip("[]")].properties
        return {
            f"{self.path}/{name}": replace(prop, name=f"{self.path}/{name}")
            for name, prop in own.items()
            if prop.is_simple
        }

    @property
    def key(self) -> str:
        return f"{self.path}/{self.entity_set.key_property}"

    def elements(self, document: Row) -> Iterator[Row]:
        """The collection's rows, each with the document's key."""
        key_property = self.entity_set.key_property
        for element in document.get(self.collection or "") or ():
            yield {key_property: document[key_property], **element}


def source(path: str, entity_sets: Mapping[str, EntitySet]) -> Source:
    name, _, collection = path.partition("/")
    entity_set = entity_sets.get(name)
    if entity_set is None:
        raise bad_request(f"Invalid entity set '{path}' in $crossjoin")
    if not collection:
        return Source(path, entity_set)
    prop = entity_set.entity.properties.get(collection)
    if prop is None or prop.type.strip("[]") not in entity_types():
        raise bad_request(f"Invalid collection '{path}' in $crossjoin")
    return Source(path, entity_set, collection)


def joined(
    sources: Sequence[Source], condition: Node, *, shown: set[str], time_filter: str
) -> Iterator[Joined]:
    """Lazily, so that a page costs no more than the rows up to its end. Raises for bad names."""
    properties = {path: prop for each in sources for path, prop in each.properties.items()}
    for name in (*shown, *names_in(condition)):
        if name not in properties:
            raise bad_request(f"Property '{name}' is invalid in this $crossjoin")
    used = shown | names_in(condition) | {each.key for each in sources}
    rows: Iterator[Joined] = iter([{}])
    parts = list(conjuncts(condition))
    bound: list[Source] = []
    for each in sources:
        candidates = _candidates(each, bound, parts)
        bound.append(each)
        known = {path for one in bound for path in one.properties}
        ready = [part for part in parts if names_in(part) <= known]
        parts = [part for part in parts if part not in ready]
        accepts = compiled(And(tuple(ready)), properties, time_filter=time_filter)
        taken = [prop for path, prop in each.properties.items() if path in used]
        rows = _extended(rows, candidates, _taker(each.path, taken), accepts)
    return rows


def _extended(
    rows: Iterator[Joined],
    candidates: Callable[[Joined], Iterator[Row]],
    take: Callable[[Row], Joined],
    accepts: Callable[[Row], bool | None],
) -> Iterator[Joined]:
    for left in rows:
        for row in candidates(left):
            both = {**left, **take(row)}
            if accepts(both) is True:
                yield both


def _candidates(
    each: Source, bound: Sequence[Source], parts: Sequence[Node]
) -> Callable[[Joined], Iterator[Row]]:
    """Rows that may go with what is joined already; the condition is still to be asked."""
    partner = _partner(each, bound, parts)
    entity_set = each.entity_set
    if each.collection is None and partner is not None:
        return lambda left: iter(filter(None, [entity_set.row(left[partner])]))
    if partner == f"{entity_set.name}/{entity_set.key_property}":
        return lambda left: each.elements(entity_set.row(left[partner]) or {})
    if each.collection is not None:
        return lambda left: (row for one in entity_set.rows(None) for row in each.elements(one))
    own = tuple(
        without_path(part, each.path) for part in parts if names_in(part) <= {*each.properties}
    )
    return lambda left: entity_set.rows(And(own) if own else None)


def _partner(each: Source, bound: Sequence[Source], parts: Sequence[Node]) -> str | None:
    """The property, of what is joined already, that must equal this one's key."""
    known = {path for one in bound for path in one.properties}
    for part in parts:
        if isinstance(part, Relation) and part.operator == "eq" and each.key in names_in(part):
            other = part.right if part.left == each.key else part.left
            if other in known:
                return other
    return None


def _taker(path: str, properties: Sequence[Property]) -> Callable[[Row], Joined]:
    names = [(prop.name, prop.name.removeprefix(f"{path}/"), prop.default) for prop in properties]

    def take(row: Row) -> dict[str, Any]:
        return {name: row.get(bare, default) for name, bare, default in names}

    return take
