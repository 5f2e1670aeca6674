"""What waits for its time: work owed, documents set aside, orders to confirm or to audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from ordermirror.models import OrderRead, Pending, Quarantine
from ordermirror.store.together import rows_of

Rows = QuerySet[Any, tuple[int, str, int]]

LONGEST_AGO = ("read_at", "id")
NO_TEXT = Value("", CharField())
NOT_TOLD = Value(0, IntegerField())


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders by DocEntry, ascending, but those to audit, which were read longest ago first.

    `owed`: each with the probe that found it; `owed_now`: without those to be asked for later.
    `set_aside` are in quarantine, `to_retry` those of them that are due. `oldest_open` and
    `oldest_others` wait for nothing else; `others` is how many orders there are that are not open.
    """

    owed: dict[int, str]
    owed_now: dict[int, str]
    set_aside: set[int]
    to_retry: list[int]
    to_confirm: list[int]
    oldest_open: list[int]
    oldest_others: list[int]
    others: int

    @property
    def held(self) -> set[int]:
        """Orders with a row that is to go once they have been read."""
        return self.owed.keys() | self.set_aside


NOTHING_WAITS = Waiting({}, {}, set(), [], [], [], [], 0)


def read(company_id: int, *, now: datetime, to_audit: int) -> Waiting:
    """One statement. `to_audit`: the most orders of each kind that are of interest.

    `in`, since SQLite takes no index for a column that is a condition by itself.
    """
    here = Q(company_id=company_id)
    others = OrderRead.objects.filter(here, is_open__in=(False,), hidden__in=(False,))
    owed, held, confirm, oldest_open, oldest_others, count = rows_of(
        _rows(Pending.objects.filter(here), F("probe"), _due(now, Q(retry_at=None))),
        _rows(Quarantine.objects.filter(here), NO_TEXT, _due(now)),
        _rows(_not_waiting(company_id).filter(confirm_at__lte=now)),
        _read_longest_ago(company_id, is_open=True)[:to_audit],
        _read_longest_ago(company_id, is_open=False)[:to_audit],
        _counted(others),
    )
    return Waiting(
        owed={entry: probe for entry, probe, _ in sorted(owed)},
        owed_now={entry: probe for entry, probe, due in sorted(owed) if due},
        set_aside={entry for entry, *_ in held},
        to_retry=sorted(entry for entry, _, due in held if due),
        to_confirm=sorted(entry for entry, *_ in confirm),
        oldest_open=[entry for entry, *_ in oldest_open],
        oldest_others=[entry for entry, *_ in oldest_others],
        others=count[0][0],
    )


def _read_longest_ago(company_id: int, *, is_open: bool) -> Rows:
    reads = _not_waiting(company_id).filter(is_open__in=(is_open,))
    return _rows(reads.order_by(*LONGEST_AGO))


def _not_waiting(company_id: int) -> QuerySet[OrderRead]:
    """Those without a time of their own for their next read: a suspect or set-aside order would
    otherwise stay the one read longest ago, and be chosen in every run instead of the others."""
    return (
        OrderRead.objects.filter(company_id=company_id, hidden__in=(False,))
        .exclude(doc_entry__in=Pending.objects.filter(company_id=company_id).values("doc_entry"))
        .exclude(doc_entry__in=Quarantine.objects.filter(company_id=company_id).values("doc_entry"))
    )


def _due(now: datetime, at_any_time: Q | None = None) -> Case:
    """1 once it may be asked for again, else 0."""
    due = Q(retry_at__lte=now)
    due = due | at_any_time if at_any_time else due
    return Case(When(due, then=Value(1)), default=Value(0), output_field=IntegerField())


def _rows(orders: QuerySet[Any], text: Combinable = NO_TEXT, due: Combinable = NOT_TOLD) -> Rows:
    rows: Rows = orders.annotate(text=text, due=due).values_list("doc_entry", "text", "due")
    return rows


def _counted(orders: QuerySet[Any]) -> Rows:
    """How many there are, as a row like the others."""
    counted = orders.values(text=NO_TEXT).annotate(counted=Count("pk"), due=NOT_TOLD)
    rows: Rows = counted.values_list("counted", "text", "due")
    return rows
