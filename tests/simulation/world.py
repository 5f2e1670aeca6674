"""A small company at SAP, its mirror, two clocks, and everything that may go wrong between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from django.db import connection

from ordermirror.errors import BadAnswer
from ordermirror.models import Company
from ordermirror.sandbox import Fault, Sandbox, SandboxOptions
from ordermirror.sandbox.http import Answer as Answered
from ordermirror.sap.service_layer import ServiceLayer
from ordermirror.sap.session import Access
from tests.simulation.crashes import Fuse
from tests.simulation.history import History
from tests.simulation.transport import URL, InProcess, torn
from tests.support import EVERY_EVENT

FAULTS = (
    "html", "html_502", "empty", "empty_500", "http_503", "error_200", "truncated",
    "truncated_json", "reset", "expired", "redirect", "retry_after_429", "no_value",
    "value_not_list", "shuffled", "duplicate", "dropped_row", "foreign_row", "wrong_count",
)  # fmt: skip
ODDITIES = (
    {"CardName": "x" * 500},
    {"DocTotal": "abc"},
    {"DocumentLines": None},
    {"DocDate": "2026-13-45"},
    {"DocumentLines": []},
)
TODAY = date(2026, 1, 5)
COMPANY, BYSTANDER = 1, 2
MOST_REMOVED = 1
SALES_PEOPLE = 4


@dataclass(frozen=True, slots=True)
class Traits:
    """What is chosen once for a seed. `unrest` is how likely something happens at a request."""

    orders: int
    stamps_all: bool
    page_size: int
    light_page_size: int
    version: int
    unrest: float
    kinds: tuple[str, ...]
    faults: tuple[str, ...]
    without: str | None

    @classmethod
    def of(cls, rng: Random) -> Traits:
        """Every second world is a calm one: at most SAP's own business goes on in it."""
        kinds = ("business", "edit") if rng.random() < 0.3 else tuple(ACTS)
        return cls(
            orders=rng.randrange(4, 13),
            stamps_all=rng.random() < 0.5,
            page_size=rng.randrange(2, 6),
            light_page_size=rng.randrange(2, 6),
            version=rng.choice((1, 2)),
            unrest=rng.choice((0.0, 0.05, 0.15, 0.3)),
            kinds=kinds,
            faults=FAULTS,
            without=rng.choice(("changed", "open")) if rng.random() < 0.1 else None,
        )


class World:
    """Everything is decided by `seed`; `log` is told every step."""

    def __init__(
        self,
        seed: int,
        *,
        log: Callable[[str], None] = lambda line: None,
        traits: Traits | None = None,
    ) -> None:
        self.rng = Random(f"simulation:{seed}")
        self.log = log
        self.traits = traits or Traits.of(self.rng)
        self.tick = 0
        self.ours = datetime(2026, 1, 5, 5, tzinfo=UTC)
        self.latest = self.ours
        self.asked_at: dict[datetime, int] = {}
        self.behind = timedelta()
        self.fuse = Fuse()
        self.history = History()
        self.restless = False
        self.odd: dict[int, dict[str, Any]] = {}
        self.removed: set[int] = set()
        self.on_request: Callable[[str], None] = lambda target: None
        self.still = False
        self._withheld = 0
        self._tear = False
        self._readings = 0
        self.sandbox = Sandbox(self._options(seed), clock=lambda: self.ours.timestamp())
        people = self.sandbox.company.tables["SalesPersons"]
        for code in people.keys[SALES_PEOPLE:]:
            people.remove(code)
        for document in self.sandbox.orders():
            self._record(document["DocEntry"])
        self.company = Company.objects.get(pk=COMPANY)

    def _options(self, seed: int) -> SandboxOptions:
        rng = self.rng
        return SandboxOptions(
            orders=self.traits.orders,
            max_lines=3,
            seed=seed,
            today=TODAY,
            bump_on=EVERY_EVENT if self.traits.stamps_all else frozenset({"edit"}),
            v2_dates=rng.choice(("timestamp", "date")),
            closed_line_keeps_open_quantity=rng.random() < 0.5,
            return_base=rng.choice(("delivery", "order")),
        )

    # What the product is given.

    def clock(self) -> datetime:
        """Ours. Each reading is a moment of its own, so that it tells the tick it was taken at."""
        self._readings += 1
        moment = self.ours.replace(microsecond=0) + timedelta(microseconds=self._readings)
        self.asked_at[moment] = self.tick
        return moment

    def source(self) -> ServiceLayer:
        traits = self.traits
        access = Access(
            url=URL.format(version=traits.version),
            company_db="SBODEMO",
            user="manager",
            password="sandbox",
            parallel=0,
        )
        source = ServiceLayer(
            access,
            page_size=traits.page_size,
            light_page_size=traits.light_page_size,
            clock=self.clock,
            pause=self._pause,
            transport=InProcess(self.sandbox, self._around),
        )
        if traits.without:
            _switch_off(source, traits.without)
        return source

    def _pause(self, seconds: float) -> None:
        self.ours += timedelta(seconds=seconds)
        self._move_on()

    def _around(self, target: str, ask: Callable[[], Answered]) -> Answered:
        """One request: the world may act before it, between two halves of it, and after it."""
        assert not connection.in_atomic_block, "a transaction is held open over a request"
        self.fuse.reached("request")
        self.ours += timedelta(seconds=1)
        self._move_on()
        self.on_request(target)
        self.maybe_act()
        answer = ask()
        if self._tear and not self.still and "Orders?" in target and "desc" not in target:
            self._tear = False
            self.act("business")
            answer = torn(answer, ask())
        self.log(f"    {target} -> {answer.status}, {len(answer.body)} bytes")
        self.fuse.done("request")
        self.maybe_act()
        return answer

    # What happens in the world.

    def maybe_act(self) -> None:
        if self.restless and not self.still and self.rng.random() < self.traits.unrest:
            self.act(self.rng.choice(self.traits.kinds))

    def act(self, kind: str) -> None:
        self._move_on()
        told = ACTS[kind](self)
        if told:
            self.log(f"      . {kind}: {told} (tick {self.tick})")

    def _move_on(self) -> None:
        self.tick += 1

    def business(self) -> str:
        self.sandbox.advance(timedelta(seconds=1))
        [event] = self.sandbox.business(events=1)
        self.ours += timedelta(minutes=3)
        self._record(event.doc_entry)
        return f"{event.kind} of {event.doc_entry}"

    def edit(self) -> str:
        """A person edits any order, closed ones included; SAP's second may be the same one."""
        doc_entry = self._any_order()
        if self.rng.random() < 0.7:
            self.sandbox.advance(timedelta(seconds=1))
        self.sandbox.edit(doc_entry, Comments=f"edited at {self.tick}")
        self._record(doc_entry)
        return str(doc_entry)

    def flip(self) -> str:
        """An order closes, or opens again, without a stamp."""
        doc_entry = self._any_order()
        if doc_entry in self.odd:
            return ""
        document = self.sandbox.order(doc_entry)
        closed = document["DocumentStatus"] != "bost_Open"
        status = "bost_Open" if closed else "bost_Close"
        for line in document["DocumentLines"]:
            line["LineStatus"] = status
            line["RemainingOpenQuantity"] = line["Quantity"]
        self.sandbox.put_raw(
            doc_entry, DocumentStatus=status, DocumentLines=document["DocumentLines"]
        )
        self.sandbox.company.odd.discard(doc_entry)
        self._record(doc_entry)
        return f"{doc_entry} to {status}"

    def drop_line(self) -> str:
        """A person removes a line that nothing was delivered of."""
        doc_entry = self._any_order()
        lines = self.sandbox.order(doc_entry)["DocumentLines"]
        delivered = self.sandbox.company.delivered.get(doc_entry, {})
        if doc_entry in self.odd or len(lines) < 2 or lines[-1]["LineNum"] in delivered:
            return ""
        if all(line["LineStatus"] != "bost_Open" for line in lines[:-1]):
            return ""
        self.sandbox.advance(timedelta(seconds=1))
        self.sandbox.edit(doc_entry, DocumentLines=lines[:-1])
        self._record(doc_entry)
        return f"line {lines[-1]['LineNum']} of {doc_entry}"

    def strange(self) -> str:
        """A status that nobody has told us of, which is mirrored as it is."""
        doc_entry = self._any_order()
        if doc_entry in self.odd:
            return ""
        self.sandbox.advance(timedelta(seconds=1))
        self.sandbox.edit(doc_entry, DocumentStatus=self.rng.choice(("bost_Paid", "bost_Unheard")))
        self._record(doc_entry)
        return str(doc_entry)

    def remove(self) -> str:
        """Never the newest order, whose number the sandbox would give to another one."""
        if len(self.removed) == MOST_REMOVED:
            return ""
        doc_entry = self.rng.choice(self.sandbox.company.orders.keys[:-1])
        self.sandbox.remove(doc_entry)
        self.removed.add(doc_entry)
        self.odd.pop(doc_entry, None)
        self.history.record(self.tick, doc_entry, None, odd=False)
        return str(doc_entry)

    def spoil(self) -> str:
        """An order shows what can't be taken."""
        doc_entry = self._any_order()
        if doc_entry in self.odd:
            return ""
        oddity = self.rng.choice(ODDITIES)
        document = self.sandbox.order(doc_entry)
        self.odd[doc_entry] = {name: document[name] for name in oddity}
        self.sandbox.advance(timedelta(seconds=1))
        self.sandbox.edit(doc_entry, Comments=f"odd since {self.tick}")
        self.sandbox.put_raw(doc_entry, **oddity)
        self._record(doc_entry)
        return f"{doc_entry}: {', '.join(oddity)}"

    def heal(self) -> str:
        if not self.odd:
            return ""
        doc_entry = self.rng.choice(sorted(self.odd))
        good = self.odd.pop(doc_entry)
        self.sandbox.company.odd.discard(doc_entry)
        self.sandbox.advance(timedelta(seconds=1))
        self.sandbox.edit(doc_entry, **good)
        self._record(doc_entry)
        return str(doc_entry)

    def fault(self) -> str:
        kind, times = self.rng.choice(self.traits.faults), self.rng.randrange(1, 6)
        path = self.rng.choice(("", "Orders", "Login"))
        self.sandbox.faults.add(Fault(kind=kind, path=path, times=times))
        if kind == "dropped_row":
            self._withheld, self.still = self._withheld + times, True
        return f"{kind} {times} times on {path or 'anything'}"

    def begin_step(self) -> None:
        """While rows are withheld nothing else happens until the run ends.

        A row that is withheld at the moment in which another one comes in leaves the count as it
        was; no answer shows that, only the next look at the same days, the audit or a full load.
        """
        self.still = self.sandbox.faults.struck().get("dropped_row", 0) < self._withheld

    def calm(self) -> str:
        self.sandbox.faults.clear()
        self._withheld = 0
        return "faults cleared"

    def tear(self) -> str:
        self._tear = True
        return "the next page is torn"

    def expire(self) -> str:
        self.sandbox.expire_sessions()
        return "sessions expired"

    def jump(self) -> str:
        """Our clock: on by minutes to days, or back by as much as a wrong one is mended."""
        hours = self.rng.choice((0.1, 1, 6, 26, 50, -0.1, -1))
        self.latest = max(self.latest, self.ours)
        self.ours += timedelta(hours=hours)
        return f"our clock by {hours} h to {self.ours}"

    def sap_jump(self) -> str:
        """SAP's clock goes on by days, or back within a day: less than what is asked again."""
        hours = self.rng.choice((0.5, 8, 30, 60, -0.5, -6))
        back = max(self.behind - timedelta(hours=hours), timedelta())
        if back > timedelta(hours=20):
            return ""
        self.behind = back
        self.sandbox.advance(timedelta(hours=hours))
        return f"SAP's clock by {hours} h to {self.sandbox.company.now}"

    def come_to_rest(self) -> None:
        """Faults end, odd documents are mended, both clocks are right again."""
        self.restless = False
        self.calm()
        self._tear = False
        while self.odd:
            self.act("heal")
        self.ours = max(self.latest, self.ours) + timedelta(days=2)
        self._move_on()

    def _any_order(self) -> int:
        return self.rng.choice(self.sandbox.company.orders.keys)

    def _record(self, doc_entry: int) -> None:
        document = self.sandbox.order(doc_entry)
        self.history.record(self.tick, doc_entry, document, odd=doc_entry in self.odd)


ACTS: dict[str, Callable[[World], str]] = {
    "business": World.business,
    "edit": World.edit,
    "drop_line": World.drop_line,
    "flip": World.flip,
    "strange": World.strange,
    "remove": World.remove,
    "spoil": World.spoil,
    "heal": World.heal,
    "fault": World.fault,
    "calm": World.calm,
    "tear": World.tear,
    "expire": World.expire,
    "jump": World.jump,
    "sap_jump": World.sap_jump,
}


def _switch_off(source: ServiceLayer, probe: str) -> None:
    """This probe always fails; what it would have found is left to the others."""

    def failing(*args: object, **options: object) -> Any:
        raise BadAnswer("this probe is switched off")

    assert callable(getattr(source, probe))
    setattr(source, probe, failing)
