"""What was true at SAP, and when: every version of every order, by the simulator's own time.

A tick is the simulator's time: it moves with everything that happens, and never back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests import oracle

GONE, ODD = "gone", "odd"


@dataclass(frozen=True, slots=True)
class Light:
    """What a light row tells of an order."""

    stamp: tuple[Any, Any]
    status: str
    rest: tuple[Any, ...]

    @property
    def is_open(self) -> bool:
        return self.status == "bost_Open"


@dataclass(frozen=True, slots=True)
class Version:
    """How an order was from `tick` on; `content` is GONE, ODD, or what the export must say."""

    tick: int
    content: dict | str
    light: Light | None
    reverted: bool = False
    """It is shown again as it was, with a stamp of long ago."""


@dataclass(slots=True)
class History:
    versions: dict[int, list[Version]] = field(default_factory=dict)

    def record(
        self,
        tick: int,
        doc_entry: int,
        document: dict | None,
        *,
        odd: bool,
        reverted: bool = False,
    ) -> None:
        content = GONE if document is None else ODD if odd else oracle.expected(document)
        version = Version(tick, content, _light(document) if document else None, reverted)
        self.versions.setdefault(doc_entry, []).append(version)

    def at(self, doc_entry: int, tick: int) -> int:
        """The index of the version that was current at a tick; -1 before the first."""
        found = -1
        for index, version in enumerate(self.versions.get(doc_entry, ())):
            if version.tick > tick:
                break
            found = index
        return found

    def during(self, doc_entry: int, first: int, last: int) -> Iterator[tuple[int, Version]]:
        """The versions that were current at some moment from tick `first` to tick `last`."""
        start = max(self.at(doc_entry, first), 0)
        for index, version in enumerate(self.versions.get(doc_entry, ())[start:], start):
            if version.tick > last:
                return
            yield index, version


def _light(document: dict) -> Light:
    return Light(
        (document["UpdateDate"], document["UpdateTime"]),
        document["DocumentStatus"],
        (document["Cancelled"], document["DocTotal"]),
    )
