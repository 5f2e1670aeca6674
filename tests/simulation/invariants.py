"""What must hold at every moment, told from the history of the source and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, pairwise, takewhile
from typing import Any, TypeVar

from django.db.models import Model

from ordermirror import models, reaches
from ordermirror.core.report import RunReport
from ordermirror.core.scope import Scope
from ordermirror.export import exported_orders
from ordermirror.models import (
    Company,
    OrderRead,
    Pending,
    Position,
    Quarantine,
    SalesOrder,
    order_id,
)
from ordermirror.store import search, totals
from tests.oracle import without_removed
from tests.simulation import database
from tests.simulation.database import COMPANY
from tests.simulation.history import GONE, ODD, Version
from tests.simulation.traits import COUNTED
from tests.simulation.world import World

T = TypeVar("T")

ORDERS = (SalesOrder, models.OrderLine)
BESIDE = (*ORDERS, models.OrderTotal, models.ReferenceWord, models.SearchName)


class Violation(AssertionError):
    """The mirror broke a promise."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run, in ticks."""

    start: int
    end: int


@dataclass(slots=True)
class Watch:
    """Holds what has been shown so far, and compares."""

    world: World
    shown: dict[int, int] = field(default_factory=dict)
    """The oldest version that each mirrored order can be."""
    positions: dict[str, Position] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    load_began: int = 0
    load_got_to: int | None = None
    loaded_since: int | None = None
    floors: dict[str, int] = field(default_factory=dict)
    """Where each follow-up probe began."""
    identities: dict[int, tuple] = field(default_factory=dict)
    """Every order that was there at this tick has been read by a complete load since."""
    reconciled: int = 0
    """The last reconciliation that was looked at."""
    hidden: set[int] = field(default_factory=set)
    """Stored orders of customers that are mirrored no longer."""
    known: dict[str, tuple[list[tuple], Any]] = field(default_factory=dict)
    """What follows from rows that were the same when it was last looked at."""

    def contents(self) -> list[dict]:
        """Every mirrored order is what SAP showed when it was read, and none goes back."""
        orders, contents = self._exported()
        reads = self._reads()
        mirrored = set()
        for doc_entry, content in contents.items():
            mirrored.add(doc_entry)
            require(doc_entry in reads, f"order {doc_entry} was never read")
            self._one(doc_entry, content, self.world.asked_at[reads[doc_entry].read_at])
        self.hidden = self._hidden(orders)
        mirrored |= self.hidden
        require(self.shown.keys() <= mirrored, f"orders vanished: {self.shown.keys() - mirrored}")
        return orders

    def _exported(self) -> tuple[list[dict], dict[int, dict]]:
        """All orders, and by DocEntry what SAP must have shown of them."""
        return self._following("orders", ORDERS, _exported)

    def _following(self, name: str, tables: Sequence[type[Model]], work: Callable[[], T]) -> T:
        """What `work` makes of these tables, or made of them when they held the very same."""
        rows = database.rows(*tables)
        before = self.known.get(name)
        if before is None or before[0] != rows:
            self.known[name] = before = (rows, work())
        return before[1]

    def _reads(self) -> dict[int, Any]:
        return self._following("reads", [OrderRead], _reads)

    def _hidden(self, orders: list[dict]) -> set[int]:
        """What is shown is of the customers that are mirrored; what is not is not lost."""
        scope = self._following("scope", [Company], _scope)
        strangers = [it["doc_entry"] for it in orders if not scope.has_customer(it["card_code"])]
        require(not strangers, f"orders {strangers} are shown, which are out of {scope}")
        hidden = self._following("hidden", [SalesOrder], _hidden)
        remembered = {doc_entry for doc_entry, read in self._reads().items() if read.hidden}
        require(hidden == remembered, f"{hidden} are hidden, and {remembered} remembered so")
        return hidden

    def _one(self, doc_entry: int, content: dict, asked: int) -> None:
        oldest = self.shown.get(doc_entry, 0)
        same = [
            index
            for index, version in self.world.history.during(doc_entry, asked, self.world.tick)
            if version.content == content
        ]
        require(bool(same), f"order {doc_entry} is not what SAP showed since tick {asked}")
        newer = [index for index in same if index >= oldest]
        require(bool(newer), f"order {doc_entry} went back to before version {oldest}")
        self.shown[doc_entry] = newer[0]

    def after_run(self, start: int, *, full: bool) -> None:
        """Everything that can be said between two runs."""
        self.spans.append(Span(start, self.world.tick))
        orders = self.contents()
        self.positions = self._following("positions", [Position], _positions)
        self._note_load(start, full=full)
        owed = self._owed()
        self._changed_is_covered(owed)
        self._open_is_covered(owed)
        self._recent_is_covered(owed)
        self._load_is_covered(owed)
        self._follow_ups_are_covered(owed)
        self._identities_stay(orders)
        self._missing_were_gone()
        tables = (*ORDERS, models.OrderChange)
        self._following("changes", tables, lambda: changes_form_chains(orders))
        self._following("beside", BESIDE, kept_beside_the_orders_is_true)
        self._reconciled()

    def begin_anew(self) -> None:
        """A person decided that the mirror be read anew: numbers may stand for other orders."""
        self.identities.clear()
        self.floors.clear()
        self.load_got_to = self.loaded_since = None

    def brake_is_pulled(self, report: RunReport) -> None:
        self.world.company.refresh_from_db()
        pulled = bool(self.world.company.conflict) or report.first_load
        most = self.world.traits.brake
        require(pulled or report.newly_missing <= most, f"{report.newly_missing} orders went by")

    def _follow_ups_are_covered(self, owed: set[int]) -> None:
        """Where a probe has passed a delivery, its order is as new as that, or owed."""
        begun = {name: row.doc_entry for name, row in self.positions.items()}
        self.floors = begun | {k: floor for k, floor in self.floors.items() if k in begun}
        for it in self.world.follow_ups:
            row = self.positions.get(it.probe)
            floor = max(self.floors.get(it.probe, 0), self.world.follow_floor.get(it.probe, 0))
            passed = row is not None and floor < it.doc_entry <= row.doc_entry
            if passed and it.order in self.shown and self._stayed_since(it.order, it.tick):
                fresh = self.shown[it.order] >= self.world.history.at(it.order, it.tick)
                require(fresh or it.order in owed, f"{it} was passed over")

    def _identities_stay(self, orders: list[dict]) -> None:
        """A number never comes to stand for another order, unless a person has decided so."""
        load = self.positions.get("first_load")
        if load is None or load.completed_at is None:
            return
        for order in orders:
            identity = (order["doc_num"], order["creation_date"])
            same = self.identities.setdefault(order["doc_entry"], identity) == identity
            require(same, f"order {order['doc_entry']} became another one")

    def _missing_were_gone(self) -> None:
        """An order is said to be missing only if it was, from the first proof on.

        Of hidden ones nothing is said.
        """
        for doc_entry, read in self._reads().items():
            if read.missing_since is None or read.hidden:
                continue
            tick = self.world.asked_at[read.missing_since]
            start = max(span.start for span in self.spans if span.start <= tick)
            versions = self.world.history.during(doc_entry, start, tick)
            gone = any(version.content == GONE for _, version in versions)
            require(
                gone or self._gave_its_number_away(doc_entry), f"order {doc_entry} was never gone"
            )

    def _owed(self) -> set[int]:
        return self._following("owed", [Pending, Quarantine], _owed)

    def _scan(self, probe: str) -> Span | None:
        """The run in which this probe last moved its position."""
        row = self.positions.get(probe)
        if row is None or row.completed_at is None:
            return None
        tick = self.world.asked_at[row.completed_at]
        inside = [span for span in self.spans if span.start <= tick <= span.end]
        return max(inside, key=lambda span: span.start)

    def _changed_is_covered(self, owed: set[int]) -> None:
        """New orders and moved stamps that a complete scan must have seen are applied or owed."""
        scan = self._scan("changed")
        if scan is None:
            return
        for doc_entry, shown, seen in self._to_compare(scan):
            if self._came_back(doc_entry):
                continue  # with a stamp of long ago
            missed = shown is None or all(
                version.light.stamp != shown.light.stamp for version in seen
            )
            require(
                not missed or doc_entry in owed,
                f"the changed probe passed over order {doc_entry} (scan {scan})",
            )

    def _came_back(self, doc_entry: int) -> bool:
        return any(version.reverted for version in self.world.history.versions[doc_entry])

    def _open_is_covered(self, owed: set[int]) -> None:
        """Light rows that entered, left or changed in the set of open orders likewise."""
        scan = self._scan("open")
        if scan is None:
            return
        if self.world.by_gateway:
            self._open_set_is_covered(scan, owed)
            return
        for doc_entry, shown, seen in self._to_compare(scan):
            if shown is None:
                missed = all(version.light.is_open for version in seen)
            else:
                missed = all(
                    version.light != shown.light and (version.light.is_open or shown.light.is_open)
                    for version in seen
                )
            require(
                not missed or doc_entry in owed,
                f"the open probe passed over order {doc_entry} (scan {scan})",
            )

    def _open_set_is_covered(self, scan: Span, owed: set[int]) -> None:
        """Orders that were open all the while have been read; of those that the mirror had as
        open, so have those that were not."""
        for doc_entry, shown, seen in self._to_compare(scan):
            stayed = all(version.light.is_open for version in seen)
            left = not any(version.light.is_open for version in seen)
            here = shown is not None and shown.light.is_open
            missed = (stayed and (here or self._shows_when_set_moves(scan))) or (left and here)
            require(
                not missed or doc_entry in owed,
                f"the open set was read without order {doc_entry} (scan {scan})",
            )

    def _shows_when_set_moves(self, scan: Span) -> bool:
        """Where orders are counted, one that enters hides one that leaves; then an order that slips
        between two pages is found by the next run, unless the mirror has it as open."""
        if self.world.traits.counting not in COUNTED:
            return True
        asked = [tick for tick in self.world.open_asked if scan.start <= tick <= scan.end]
        entered = left = False
        for doc_entry in self.world.history.versions:
            during = self.world.history.during(doc_entry, asked[0], asked[-1])
            opens = [version.light is not None and version.light.is_open for _, version in during]
            if self.world.history.at(doc_entry, asked[0]) < 0:
                opens = [False, *opens]
            entered |= (False, True) in pairwise(opens)
            left |= (True, False) in pairwise(opens)
        return not (entered and left)

    def _recent_is_covered(self, owed: set[int]) -> None:
        """Orders posted on a day that was asked for have been read."""
        scan = self._scan("recent")
        if scan is None:
            return
        days = {str(day) for tick, day in self.world.days_asked if scan.start <= tick <= scan.end}
        for doc_entry, _, seen in self._to_compare(scan):
            posted = [v.content["doc_date"] for v in seen if v.content != ODD]
            missed = bool(posted) and len(posted) == len(seen) and days.issuperset(posted)
            require(
                not missed or doc_entry in owed,
                f"order {doc_entry} of {posted} was not read (scan {scan})",
            )

    def _to_compare(self, scan: Span) -> Iterator[tuple[int, Version | None, list[Version]]]:
        """Orders that are mirrored older than they were when the scan began."""
        for doc_entry, versions in self.world.history.versions.items():
            then = self.world.history.at(doc_entry, scan.start)
            shown = self.shown.get(doc_entry)
            if self._is_outside(doc_entry):
                continue
            if then < 0 or (shown is not None and shown >= then):
                continue
            during = self.world.history.during(doc_entry, scan.start, scan.end)
            seen = [version for _, version in during]
            if all(version.content != GONE for version in seen):
                yield doc_entry, None if shown is None else versions[shown], seen

    def _is_outside(self, doc_entry: int) -> bool:
        """Whether it may be unknown or old, since it is or was out of scope."""
        if doc_entry not in self.shown:
            return self.world.traits.scoped
        return doc_entry in self.hidden or self._gave_its_number_away(doc_entry)

    def _gave_its_number_away(self, doc_entry: int) -> bool:
        """Whether the mirror knows that the order is gone, whose DocEntry stands for another one
        since a backup was restored: a gateway is asked by DocNum, and may not show the other."""
        if not self.world.by_gateway or self._reads()[doc_entry].missing_since is None:
            return False
        versions = self.world.history.versions[doc_entry]
        return self.shown[doc_entry] < versions.index(_first_of_this_order(versions))

    def _reconciled(self) -> None:
        """No open order is said to differ but one that was set aside; and where there is business
        alone, which nobody hides or undoes, the counts agree as well."""
        kept = models.Reconciliation.objects.filter(company_id=COMPANY, pk__gt=self.reconciled)
        for row in kept.order_by("pk"):
            self.reconciled = row.pk
            false = [it for it in row.figures["differences"] if it["reason"] != "set_aside"]
            require(not false, f"orders {false} are said to differ")
            told = row.differing if self.world.traits.is_calm else 0
            require(told == 0, f"{told} orders are said to differ: {row.figures}")

    def _note_load(self, start: int, *, full: bool) -> None:
        row = self.positions.get("first_load")
        if row is None:
            return
        if self.load_got_to is None or (full and row.doc_entry < self.load_got_to):
            self.load_began = start
        if row.completed_at is not None:
            tick = self.world.asked_at[row.completed_at]
            if tick >= start:
                self.loaded_since = start if full else self.load_began
        self.load_got_to = row.doc_entry

    def _load_is_covered(self, owed: set[int]) -> None:
        """What a load has passed is mirrored or owed; a complete one left nothing older.

        A gateway's load is of the orders that are stored.
        """
        passed = self.shown if self.world.by_gateway else self.world.history.versions
        for doc_entry in passed:
            there = self._stayed_since(doc_entry, self.load_began)
            if there and doc_entry <= (self.load_got_to or 0):
                known = doc_entry in self.shown or doc_entry in owed
                require(known, f"the load passed over order {doc_entry}")
            if self.loaded_since is None or not self._stayed_since(doc_entry, self.loaded_since):
                continue
            if self.world.traits.scoped:
                continue  # which reads no order that is older than its scope
            least = self.world.history.at(doc_entry, self.loaded_since)
            fresh = self.shown.get(doc_entry, -1) >= least or doc_entry in owed
            require(fresh, f"a complete load left order {doc_entry} older than it was before")

    def _stayed_since(self, doc_entry: int, tick: int) -> bool:
        history = self.world.history
        since = history.during(doc_entry, tick, self.world.tick)
        there = all(version.content != GONE for _, version in since)
        return there and history.at(doc_entry, tick) >= 0 and not self._is_outside(doc_entry)

    def _may_never_be_shown(self, first: Version) -> bool:
        """By a gateway, once it is not open: without a history, or when it came into being on a
        day so long past by our clock that it had been read already."""
        if not self.world.by_gateway:
            return False
        assert isinstance(first.content, dict)
        day = self.world.today.get(first.tick)
        posted = first.content["doc_date"]
        lately = self.world.plan.recent_days
        backdated = (
            day is not None
            and posted is not None
            and (day - date.fromisoformat(posted) > timedelta(days=lately))
        )
        return self.world.scope.since is None or backdated

    def equals_the_source(self) -> None:
        """At rest: every order that SAP shows is here as it is there, and no other has changed.

        Where a DocEntry stands for another order, which a gateway may never show, the mirror has
        the one that was, and knows or is about to prove that it is gone.
        """
        _, mirrored = self._exported()
        reads = self._reads()
        for doc_entry, versions in self.world.history.versions.items():
            current = versions[-1].content
            if current == GONE:
                continue
            assert current != ODD
            if not self._is_in_scope(current):
                continue
            stored = mirrored.get(doc_entry)
            here = stored is not None and stored["doc_num"] == current["doc_num"]
            if not here and self._may_never_be_shown(_first_of_this_order(versions)):
                require(not versions[-1].light.is_open, f"order {doc_entry} is open at rest")
                owed = doc_entry in self._owed()
                known = stored is None or owed or self._gave_its_number_away(doc_entry)
                require(known, f"order {doc_entry} is not the one that has its number at rest")
                continue
            require(doc_entry in mirrored, f"order {doc_entry} is not mirrored at rest")
            require(mirrored[doc_entry] == current, f"order {doc_entry} differs at rest")
            require(
                reads[doc_entry].missing_since is None,
                f"order {doc_entry} is said to be missing at rest",
            )

    def lines_follow_their_items(self) -> None:
        """At rest: each line that SAP sends carries what its item says; a gateway has no items."""
        if self.world.by_gateway:
            return
        items = self.world.sandbox.company.tables["Items"]
        orders, _ = self._exported()
        for order in orders:
            for line in order["lines"]:
                if line["removed_at"] is None and order["doc_entry"] in self.world.history.versions:
                    item = items.get(line["item_code"])
                    maker = item and item["Manufacturer"]
                    same = line["manufacturer_code"] == maker
                    require(same, f"{line['item_code']} is not {line['manufacturer_code']}'s")

    def _is_in_scope(self, content: dict) -> bool:
        day, status = date.fromisoformat(content["doc_date"]), content["document_status"]
        return self.world.scope.holds(content["card_code"], day, is_open=status == "open")


def _first_of_this_order(versions: list[Version]) -> Version:
    """The first of its versions: after a restored backup a DocEntry may stand for another order."""
    told = [version for version in versions if isinstance(version.content, dict)]
    numbers = [version.content["doc_num"] for version in told]
    same = len(list(takewhile(numbers[-1].__eq__, reversed(numbers))))
    return told[-same]


def _exported() -> tuple[list[dict], dict[int, dict]]:
    orders = list(exported_orders(COMPANY))
    for order in orders:
        _nothing_pending_on_removed_lines(order)
    return orders, {order["doc_entry"]: without_removed(order) for order in orders}


def _reads() -> dict[int, Any]:
    names = ("doc_entry", "read_at", "hidden", "missing_since")
    reads = OrderRead.objects.filter(company_id=COMPANY).values_list(*names, named=True)
    return {read.doc_entry: read for read in reads}


def _positions() -> dict[str, Position]:
    return {row.probe: row for row in Position.objects.filter(company_id=COMPANY)}


def _scope() -> Scope:
    return reaches.of(Company.objects.get(pk=COMPANY)).target


def _hidden() -> set[int]:
    orders = SalesOrder.objects.filter(company_id=COMPANY, hidden=True)
    return set(orders.values_list("doc_entry", flat=True))


def _owed() -> set[int]:
    tables = (Pending, Quarantine)
    rows = [
        it.objects.filter(company_id=COMPANY).values_list("doc_entry", flat=True) for it in tables
    ]
    return set(chain.from_iterable(rows))


def _nothing_pending_on_removed_lines(order: dict) -> None:
    amounts = [Decimal(line["pending_amount"]) for line in order["lines"]]
    require(sum(amounts) == Decimal(order["pending_total"]), "pending_total is not its lines' sum")
    for line, amount in zip(order["lines"], amounts, strict=True):
        require(not (line["removed_at"] and amount), "something is pending on a removed line")


def require(holds: bool, problem: str) -> None:
    if not holds:
        raise Violation(problem)


def kept_beside_the_orders_is_true() -> None:
    """Totals and what searches look in equal what the orders themselves say."""
    require(totals.stored(COMPANY) == totals.recounted(COMPANY), "the totals are not the orders'")
    columns = ("id", "company", "order", "start")
    words = models.ReferenceWord.objects.filter(company_id=COMPANY).order_by("id")
    require(
        list(words.values_list(*columns)) == search.words(COMPANY),
        "the words are not the references'",
    )
    names = models.SearchName.objects.filter(company_id=COMPANY).values_list("kind", "code", "name")
    lacking = search.names(COMPANY) - {search.Name(*row) for row in names}
    require(not lacking, f"names can't be found: {lacking}")


def changes_form_chains(orders: list[dict]) -> None:
    """Each old value is the previous new one, and the last new one is what is stored."""
    last: dict[tuple, str | None] = {}
    names = ("id", "order_id", "line_num", "field", "kind", "old", "new", "read_from", "read_to")
    rows = models.OrderChange.objects.filter(order__company_id=COMPANY).order_by("id")
    for change in rows.values_list(*names, named=True):
        what = f"change {change.id} of order {change.order_id} ({change.field})"
        of_line = (change.order_id, change.line_num)
        if change.kind in ("header", "line_changed"):
            key = (*of_line, change.field)
            require(last.get(key, change.old) == change.old, f"{what} does not follow the last one")
            require(change.old != change.new, f"{what} changes nothing")
            last[key] = change.new
        elif change.kind != "order_created":
            last = {key: value for key, value in last.items() if key[:2] != of_line}
        if change.kind != "order_created":
            require(change.read_from is not None, f"{what} does not say since when")
            require(change.read_from <= change.read_to, f"{what} ends before it begins")
    _last_values_are_stored(last, orders)


def _last_values_are_stored(last: dict[tuple, str | None], orders: list[dict]) -> None:
    stored = {order_id(COMPANY, order["doc_entry"]): order for order in orders}
    hidden = set(SalesOrder.objects.filter(hidden=True).values_list("pk", flat=True))
    for (order, line_num, name), value in last.items():
        if order in hidden:
            continue
        row = stored[order]
        if line_num is not None:
            row = next(line for line in row["lines"] if line["line_num"] == line_num)
        text = _as_text(row[name])
        require(value == text, f"order {order}: {name} is {text!r}, its history says {value!r}")


def _as_text(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
