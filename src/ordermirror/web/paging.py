"""Numbered pages of a result whose size is known."""

from __future__ import annotations

from dataclasses import dataclass

NEIGHBOURS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Page `number` of `last`, showing rows `first` to `until` of `count`; all start at 1."""

    number: int
    size: int
    count: int

    @property
    def last(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        return min(self.offset + 1, self.count)

    @property
    def until(self) -> int:
        return min(self.offset + self.size, self.count)

    @property
    def first_text(self) -> str:
        return f"{self.first:,}"

    @property
    def until_text(self) -> str:
        return f"{self.until:,}"

    @property
    def count_text(self) -> str:
        return f"{self.count:,}"

    def numbers(self) -> list[int | None]:
        """The pages worth a link, with None where some are left out."""
        near = range(self.number - NEIGHBOURS, self.number + NEIGHBOURS + 1)
        shown = sorted({1, self.last, *(n for n in near if 1 <= n <= self.last)})
        numbers: list[int | None] = []
        for number in shown:
            if numbers and numbers[-1] is not None and number > numbers[-1] + 1:
                numbers.append(None)
            numbers.append(number)
        return numbers


def page_of(number: int, *, size: int, count: int) -> Page:
    """The page asked for, or the last one when there are not that many."""
    last = max(1, -(-count // size))
    return Page(number=min(number, last), size=size, count=count)
