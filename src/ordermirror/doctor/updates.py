"""`--probe-updates`: which of a person's doings in SAP move an order's UpdateDate at this site?

OrderMirror only reads: the person edits, delivers, closes and cancels, this looks at the order
before and after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ordermirror.errors import OrderMirrorError, SAPRefused
from ordermirror.sap import wire
from ordermirror.sap.session import Session, message_of

SELECT = (
    "DocEntry,DocNum,DocumentStatus,Cancelled,UpdateDate,UpdateTime,DocTotal,Comments,DocumentLines"
)
SAME_MINUTE_SECONDS = 60.0

Say = Callable[[str], None]
Answer = Callable[[], str]
"""The next line a person types, "" for Enter alone; raises EOFError when there is none."""


class NoSuchOrder(OrderMirrorError):
    """No order, or more than one, has the number."""


class Verdict(StrEnum):
    MOVED = "moved"
    STAYED = "did not move"
    UNCLEAR = "can't tell"
    SKIPPED = "skipped"


class _Line(msgspec.Struct, rename=wire.sap_name, frozen=True):
    line_num: int
    remaining_open_quantity: float | None = None
    line_status: str | None = None


class Reading(msgspec.Struct, rename=wire.sap_name, frozen=True):
    """An order as it is at one moment, as far as the question goes."""

    doc_entry: int
    doc_num: int
    document_status: str | None = None
    cancelled: str | None = None
    update_date: str | None = None
    update_time: str | None = None
    doc_total: float | None = None
    comments: str | None = None
    data_version: int | None = None
    lines: tuple[_Line, ...] = msgspec.field(default=(), name="DocumentLines")

    @property
    def stamp(self) -> tuple[str | None, str | None]:
        return self.update_date, self.update_time

    def spoken(self) -> str:
        """2024-01-31 10:52:00, without the clock that SAP appends to its dates."""
        return f"{(self.update_date or 'none')[:10]} {self.update_time or ''}".strip()

    def shows_seconds(self) -> bool:
        return len(self.update_time or "") == 8 and not (self.update_time or "").endswith(":00")


class Step(NamedTuple):
    key: str
    title: str
    task: str


EDIT = Step("edit", "an edit", "change the order's remark and press Update")
PART = Step("deliver_part", "a part delivery", "deliver a part of the order (Copy To > Delivery)")
REST = Step("finish", "the end of the order", "deliver the rest of the order, or close it")
CANCEL = Step("cancel", "a cancellation", "cancel that order (Data > Cancel)")
STEPS = (EDIT, PART, REST)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one step did to the order's stamp."""

    step: Step
    verdict: Verdict
    before: str = ""
    after: str = ""
    data_version: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    measured: tuple[Measured, ...]
    to_the_second: bool | None
    """Whether UpdateTime shows seconds; None when no stamp moved, so that it can't be told."""
    data_version_offered: bool

    def verdict(self, step: Step) -> Verdict:
        return next((it.verdict for it in self.measured if it.step is step), Verdict.SKIPPED)


class Orders:
    """Reads single orders; asks for DataVersion until SAP says that it has none."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.data_version_offered = True

    def by_number(self, doc_num: int) -> Reading:
        found = self._read(f"DocNum eq {doc_num}")
        if len(found) != 1:
            entries = ", ".join(str(each.doc_entry) for each in found)
            raise NoSuchOrder(
                f"several orders have the number {doc_num} (DocEntry {entries}); use another order"
                if found
                else f"SAP shows no order with the number {doc_num}"
            )
        return found[0]

    def again(self, reading: Reading) -> Reading:
        found = self._read(f"DocEntry eq {reading.doc_entry}")
        if not found:
            raise NoSuchOrder(f"SAP no longer shows order {reading.doc_num}")
        return found[0]

    def _read(self, condition: str) -> list[Reading]:
        select = SELECT + (",DataVersion" if self.data_version_offered else "")
        answer = self._session.ask(
            f"/Orders?$select={select}&$filter={quote(condition)}&$orderby=DocEntry&$top=20", {}
        )
        if answer.status == 400 and self.data_version_offered:
            self.data_version_offered = False
            return self._read(condition)
        if answer.status != 200:
            raise SAPRefused(f"SAP answered {answer.status}: {message_of(answer)}")
        rows = wire.decode_page(answer.body).rows
        try:
            return [msgspec.json.decode(row, type=Reading) for row in rows]
        except msgspec.MsgspecError as exc:
            raise SAPRefused(f"SAP's order can't be read: {exc}") from exc


def probe(
    session: Session,
    doc_num: int,
    *,
    say: Say,
    answer: Answer,
    clock: Callable[[], float] = time.monotonic,
) -> Probed:
    """Lead a person through the steps; what they skip is not measured."""
    orders = Orders(session)
    guide = _Guide(orders, say, _until_end(answer), clock)
    before = orders.by_number(doc_num)
    say(f"Order {doc_num} was last updated {before.spoken()}. OrderMirror only looks; you act.")
    say("Press Enter when you have done what is asked, or type s to skip it.")
    for step in STEPS:
        before = guide.take(step, before)
    say(f"Last: name another open test order, to which nothing was delivered yet, for {CANCEL[1]}.")
    other = guide.other_order()
    if other:
        guide.take(CANCEL, other)
    else:
        guide.measured.append(Measured(CANCEL, Verdict.SKIPPED))
    return Probed(tuple(guide.measured), guide.to_the_second(), orders.data_version_offered)


class _Guide:
    def __init__(
        self, orders: Orders, say: Say, answer: Answer, clock: Callable[[], float]
    ) -> None:
        self._orders, self._say, self._answer, self._clock = orders, say, answer, clock
        self._stamps: list[Reading] = []
        self.measured: list[Measured] = []

    def take(self, step: Step, before: Reading) -> Reading:
        """Returns the order as it is after the step."""
        self._stamps.append(before)
        if not self._shows_seconds() and before.data_version is None:
            self._say("Times are shown to the minute here: let a minute pass before you go on.")
        began = self._clock()
        self._say(f"Now {step.task} (order {before.doc_num}).")
        after = before
        while after == before:
            if self._answer() == "s":
                self.measured.append(Measured(step, Verdict.SKIPPED))
                return before
            after = self._orders.again(before)
            if after == before:
                self._say("SAP shows the order as before. Enter looks again, s skips.")
        self._stamps.append(after)
        verdict = self._verdict(before, after, self._clock() - began)
        self._say(f"The stamp {verdict}: {before.spoken()} -> {after.spoken()}.")
        versions = f"{before.data_version} -> {after.data_version}"
        self.measured.append(
            Measured(
                step, verdict, before.spoken(), after.spoken(),
                versions if after.data_version is not None else "",
            )
        )  # fmt: skip
        return after

    def other_order(self) -> Reading | None:
        while (typed := self._answer()) != "s":
            if typed.isdecimal():
                try:
                    return self._orders.by_number(int(typed))
                except NoSuchOrder as exc:
                    self._say(str(exc))
            else:
                self._say("Type the order's number, or s to skip.")
        return None

    def to_the_second(self) -> bool | None:
        if self._shows_seconds():
            return True
        moved = any(measured.verdict is Verdict.MOVED for measured in self.measured)
        return False if moved else None

    def _shows_seconds(self) -> bool:
        return any(reading.shows_seconds() for reading in self._stamps)

    def _verdict(self, before: Reading, after: Reading, seconds: float) -> Verdict:
        """A stamp to the minute says nothing about two things that happened within a minute."""
        if before.stamp != after.stamp:
            return Verdict.MOVED
        if self._shows_seconds() or seconds >= SAME_MINUTE_SECONDS:
            return Verdict.STAYED
        return Verdict.UNCLEAR


def meaning(probed: Probed) -> Iterator[str]:
    """What it means for this product, in plain words. Pure."""
    yield from filter(None, (_SAID.get((it.step, it.verdict)) for it in probed.measured))
    if any(it.verdict is Verdict.UNCLEAR for it in probed.measured):
        yield (
            "Where it can't be told, the step fell into the same minute as the one before: do it "
            "again with another order, and let a minute pass first."
        )
    if probed.to_the_second is False:
        yield (
            "UpdateTime is to the minute: a second change within a minute leaves no trace in the "
            "stamp. OrderMirror reads such an order once more soon after."
        )
    elif probed.to_the_second:
        yield "UpdateTime is to the second."
    if probed.data_version_offered:
        yield "This release has DataVersion; the table shows whether it rose."


_SAID = {
    (EDIT, Verdict.MOVED): "Edits move UpdateDate here, as OrderMirror expects.",
    (EDIT, Verdict.STAYED): (
        "Not even edits move UpdateDate here: edits to orders are found by the audit only. Let it "
        "run more often, and tell the SAP administrator."
    ),
    (PART, Verdict.MOVED): (
        "Deliveries move UpdateDate here: OrderMirror finds them at the next refresh. Follow-ups "
        "are a second net."
    ),
    (PART, Verdict.STAYED): (
        "Deliveries do not move UpdateDate here: OrderMirror finds them through delivery notes "
        "(follow-ups) and the audit; keep both on."
    ),
    (REST, Verdict.MOVED): "The end of an order moves UpdateDate here.",
    (REST, Verdict.STAYED): (
        "The end of an order does not move UpdateDate here: OrderMirror notices at the next "
        "refresh that it is no longer among the open ones, and reads it."
    ),
    (CANCEL, Verdict.MOVED): "Cancellations move UpdateDate here.",
    (CANCEL, Verdict.STAYED): (
        "Cancellations do not move UpdateDate here: OrderMirror notices at the next refresh that "
        "the order is no longer among the open ones, and reads it."
    ),
}


def rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    return [(it.step.title, it.verdict, it.before, it.after, it.data_version) for it in measured]


def _until_end(answer: Answer) -> Answer:
    """What comes after the end of the typed lines counts as skipped."""

    def next_line() -> str:
        try:
            return answer().strip().lower()
        except EOFError:
            return "s"

    return next_line
