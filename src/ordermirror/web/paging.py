"""Numbered pages of a result whose size is known, or known to be more than something."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

NEIGHBOURS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Page `number` of `last`, showing rows `first` to `until` of `count`; all start at 1.

    When `capped`, there are more than `count`, and only `more` tells whether a page follows.
    """

    number: int
    size: int
    count: int
    capped: bool = False
    shown: int = 0
    more: bool = False

    @property
    def last(self) -> int:
        """When capped, the last that is known of."""
        last = max(1, -(-self.count // self.size))
        return max(last, self.number + self.more) if self.capped else last

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        return self.offset + 1 if self.capped else min(self.offset + 1, self.count)

    @property
    def until(self) -> int:
        if self.capped:
            return self.offset + self.shown
        return min(self.offset + self.size, self.count)

    @property
    def first_text(self) -> str:
        return f"{self.first:,}"

    @property
    def until_text(self) -> str:
        return f"{self.until:,}"

    @property
    def count_text(self) -> str:
        count = f"{self.count:,}"
        return _("more than %(count)s") % {"count": count} if self.capped else count

    def numbers(self) -> list[int | None]:
        """The pages worth a link, with None where some are left out."""
        near = range(self.number - NEIGHBOURS, self.number + NEIGHBOURS + 1)
        shown = sorted({1, self.last, *(n for n in near if 1 <= n <= self.last)})
        numbers: list[int | None] = []
        for number in shown:
            if numbers and numbers[-1] is not None and number > numbers[-1] + 1:
                numbers.append(None)
            numbers.append(number)
        return [*numbers, None] if self.capped and self.more else numbers


def page_of(number: int, *, size: int, count: int, capped: bool = False) -> Page:
    """The page asked for, or the last one when there are not that many."""
    last = max(1, -(-count // size))
    return Page(
        number=number if capped else min(number, last), size=size, count=count, capped=capped
    )
