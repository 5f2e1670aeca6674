"""A small company at SAP, its mirror, two clocks, and everything that may go wrong between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from ordermirror.core.plan import Plan
from ordermirror.core.report import RunReport
from ordermirror.core.scope import EVERYTHING, Scope, prefixes
from ordermirror.errors import BadAnswer
from ordermirror.models import Company, OrderRead, Pending, Position, Probe, SalesOrder, order_id
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.http import Answer as Answered
from ordermirror.sandbox.http import Request
from ordermirror.sap.gateway import Gateway
from ordermirror.sap.gateway_session import GatewayAccess
from ordermirror.sap.service_layer import ServiceLayer
from ordermirror.sap.session import Access
from ordermirror.store.remembering import OwnMemory
from ordermirror.sync import run_sync
from tests.simulation.acts import ACTS, BETWEEN_RUNS, DRAWN, WHOLE
from tests.simulation.crashes import Fuse
from tests.simulation.database import COMPANY
from tests.simulation.history import History
from tests.simulation.traits import GATEWAY, SERVICE_LAYER, Traits, dice
from tests.simulation.transport import GATEWAY_URL, URL, InProcess, torn, torn_within
from tests.support import EVERY_EVENT

TODAY = date(2026, 1, 5)
LOOKBACK_DAYS = 2
SALES_PEOPLE = 4
CUSTOMERS = 6
FOREIGN = 1_000_000
PROBES = {
    "DeliveryNotes": Probe.DELIVERIES,
    "Returns": Probe.RETURNS,
    "Invoices": Probe.INVOICES,
    "CreditNotes": Probe.CREDIT_NOTES,
}
ORDER, DELIVERY = 17, 15
"""SAP's object codes."""
AUDITS = Plan(backfill_batches=2)
DAYS_BY_GATEWAY = 60
"""How far back a gateway's history goes at most, since each day is a question."""
NO_AUDITS = Plan(audit_most=0, backfill_batches=2)
EVERY_QUESTION = 99
"""At rest one run puts all of them, so that it finds whatever happened before."""


class FollowUp(NamedTuple):
    """A document drawn from an order, and when it came into being."""

    probe: str
    doc_entry: int
    order: int
    tick: int


class World:
    """Everything is decided by `seed`; `log` is told every step."""

    def __init__(
        self,
        seed: int,
        *,
        log: Callable[[str], None] = lambda line: None,
        traits: Traits | None = None,
        source: str = SERVICE_LAYER,
    ) -> None:
        self.rng = dice(seed)
        self.reconciles = seed % 2 == 1
        """Whether each run does, not only one a day."""
        self.log = log
        self.traits = traits or Traits.of(self.rng, source)
        self.tick = 0
        self.ours = datetime(2026, 1, 5, 5, tzinfo=UTC)
        self.latest = self.ours
        self.today: dict[int, date] = {}
        """What day our clock showed at each tick."""
        self.asked_at: dict[datetime, int] = {}
        self.behind = timedelta()
        self.fuse = Fuse()
        self.history = History()
        self.memory = OwnMemory()
        """Its own: worlds begin from one file, with one version of the manufacturers."""
        self._passed = 0.0
        """Seconds by which our clock went on by itself, whatever it was set to."""
        self.restless = False
        self.every_question = False
        self.odd: dict[int, dict[str, Any]] = {}
        self.removed: set[int] = set()
        self.on_request: Callable[[str], None] = lambda target: None
        self.still = False
        self.tear = ""
        self.hidden: dict[int, tuple[dict[str, Any], bool]] = {}
        self.backup: Any = None
        self.restored = False
        self.reappeared = False
        self.owned: list[tuple] = []
        self.follow_ups: list[FollowUp] = []
        self.follow_floor: dict[str, int] = {}
        """Up to here a probe can't see documents: their numbers were given twice."""
        self.days_asked: list[tuple[int, date]] = []
        """Of which days a gateway was asked for all orders, each with the tick."""
        self.open_asked: list[int] = []
        """The ticks at which it was asked for open orders, and answered."""
        self.scope = EVERYTHING
        self._withheld = 0
        self._readings = 0
        self._options = SandboxOptions(
            orders=self.traits.orders,
            max_lines=3,
            items=12,
            customers=CUSTOMERS,
            seed=seed,
            today=TODAY,
            bump_on=EVERY_EVENT if self.traits.stamps_all else frozenset({"edit"}),
            v2_dates=self.rng.choice(("timestamp", "date")),
            closed_line_keeps_open_quantity=self.rng.random() < 0.5,
            return_base=self.rng.choice(("delivery", "order")),
            gateway_count=self.traits.counting,
            gateway_page_size=self.traits.page_size,
        )
        if self.by_gateway:
            self._options = replace(
                self._options,
                gateway_dates=self.rng.choice(("dashes", "slashes")),
                shuffle_unordered=self.rng.random() < 0.3,
            )
        self.sandbox = self._make(seed)
        self.answering = self.sandbox
        self._drawn = {name: len(self.sandbox.company.tables[name]) for name in DRAWN}
        for document in self.sandbox.orders():
            self.record(document["DocEntry"])
        self.company = Company.objects.get(pk=COMPANY)

    def _make(self, seed: int) -> Sandbox:
        options = replace(self._options, seed=seed)
        sandbox = Sandbox(options, clock=lambda: self.ours.timestamp())
        people = sandbox.company.tables["SalesPersons"]
        for code in people.keys[SALES_PEOPLE:]:
            people.remove(code)
        return sandbox

    @cached_property
    def foreign(self) -> Sandbox:
        """Another company under the same name."""
        return self._make(self._options.seed + FOREIGN)

    @property
    def by_gateway(self) -> bool:
        return self.traits.source == GATEWAY

    @property
    def paths(self) -> tuple[str, ...]:
        """What faults may strike."""
        return ("", "SalesOrder") if self.by_gateway else ("", "Orders", "Login")

    @property
    def swapped(self) -> bool:
        return self.answering is not self.sandbox

    # What the product is given.

    def clock(self) -> datetime:
        """Ours. Each reading is a moment of its own, so that it tells the tick it was taken at."""
        self._readings += 1
        moment = self.ours.replace(microsecond=0) + timedelta(microseconds=self._readings)
        self.asked_at[moment] = self.tick
        return moment

    def source(self) -> ServiceLayer | Gateway:
        traits, transport = self.traits, InProcess(self._respond, self._around)
        if self.by_gateway:
            access = GatewayAccess(url=GATEWAY_URL, parallel=0)
            return Gateway(
                access,
                clock=self.clock,
                pause=self._pause,
                transport=transport,
                scope=self.scope,
            )
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
            monotonic=lambda: self._passed,
            transport=transport,
            scope=self.scope,
        )
        if traits.without and traits.without != "audit":
            _switch_off(source, traits.without)
        return source

    @property
    def plan(self) -> Plan:
        plan = NO_AUDITS if self.traits.without == "audit" else AUDITS
        if self.every_question:
            plan = replace(plan, aside_most=EVERY_QUESTION)
        return replace(plan, reconcile_every=timedelta(0)) if self.reconciles else plan

    def rescope(self) -> None:
        """A person wants other orders to be mirrored from the next run on."""
        customers = None
        if self.rng.random() < 0.7:
            chosen = self.rng.sample(range(1, CUSTOMERS + 1), self.rng.randrange(1, CUSTOMERS))
            customers = prefixes(f"C{number:05}" for number in chosen)
        furthest = DAYS_BY_GATEWAY if self.by_gateway else 200
        chosen_days = timedelta(days=self.rng.randrange(furthest))
        since = TODAY - chosen_days if self.rng.random() < 0.4 else None
        self.scope = Scope(customers=customers, since=since)
        self.log(f"  {self.scope}")

    def refresh(self, *, full: bool = False, stop_after: int | None = None) -> RunReport:
        """A run of the product, which is asked to end at its n-th look."""
        looks = [0]

        def stopping() -> bool:
            looks[0] += 1
            return stop_after is not None and looks[0] > stop_after

        return run_sync(
            self.company,
            self.source(),
            lookback_days=LOOKBACK_DAYS,
            full=full,
            plan=self.plan,
            clock=self.clock,
            stopping=stopping,
            memory=self.memory,
        )

    def _respond(self, request: Request) -> Answered:
        return self.answering.respond(request)

    def _pause(self, seconds: float) -> None:
        self.ours += timedelta(seconds=seconds)
        self._passed += seconds
        self._move_on()

    def _around(self, target: str, ask: Callable[[], Answered]) -> Answered:
        """One request: the world may act before it, between two halves of it, and after it."""
        assert not connection.in_atomic_block, "a transaction is held open over a request"
        self.fuse.reached("request")
        self.ours += timedelta(seconds=1)
        self._passed += 1
        self._move_on()
        self._note_question(target)
        self.on_request(target)
        self.maybe_act()
        answer = self._torn(target, ask)
        self._note_question(target)
        self.log(f"    {target} -> {answer.status}, {len(answer.body)} bytes")
        self.fuse.done("request")
        self.maybe_act()
        return answer

    def _note_question(self, target: str) -> None:
        if "DocumentStatus" in target:
            self.open_asked.append(self.tick)
        if found := re.search(r'"DocDate":"(\S{10})"', target):
            self.days_asked.append((self.tick, date.fromisoformat(found[1])))

    def _torn(self, target: str, ask: Callable[[], Answered]) -> Answered:
        answer = ask()
        of_orders = "Orders?" in target or "SalesOrder?" in target
        if not self.tear or self.still or not of_orders or "desc" in target:
            return answer
        if self.tear == WHOLE:
            self.tear = ""
            self.act("business")
            return torn(answer, ask())
        if "DocEntry eq" in target or "DocNum" in target:
            self.tear = ""
            self.act("turn")
            return torn_within(answer, ask())
        return answer

    # What happens in the world.

    def maybe_act(self) -> None:
        if self.restless and not self.still and self.rng.random() < self.traits.unrest:
            self.act(self.rng.choice(self.traits.kinds))

    def act(self, kind: str) -> None:
        self._move_on()
        told = (ACTS | BETWEEN_RUNS)[kind](self)
        if told:
            self.log(f"      . {kind}: {told} (tick {self.tick})")

    def _move_on(self) -> None:
        self.tick += 1
        self.today[self.tick] = self.ours.date()

    def act_between_runs(self) -> None:
        if self.traits.between and self.rng.random() < 0.4:
            self.act(self.rng.choice(self.traits.between))

    def begin_step(self) -> None:
        """While rows are withheld nothing else happens until the run ends.

        A row that is withheld at the moment in which another one comes in leaves the count as it
        was; no answer shows that, only the next look at the same days, the audit or a full load.
        """
        self.still = self.sandbox.faults.struck().get("dropped_row", 0) < self._withheld

    def withhold(self, times: int) -> None:
        self._withheld, self.still = self._withheld + times, True

    def calm(self) -> str:
        self.sandbox.faults.clear()
        self._withheld = 0
        return "faults cleared"

    def come_to_rest(self) -> None:
        """Faults end, odd documents are mended, our company is seen whole, the clocks are right."""
        self.restless = False
        self.every_question = True
        self.calm()
        self.tear = ""
        while self.odd:
            self.act("heal")
        self.act("show")
        if self.swapped:
            self.act("swap")
        self.wait(timedelta(days=2))

    def wait(self, time: timedelta) -> None:
        self.ours = max(self.latest, self.ours) + time
        self._move_on()

    def any_order(self) -> int:
        return self.rng.choice(self.sandbox.company.orders.keys)

    def record(self, doc_entry: int, *, reverted: bool = False) -> None:
        document = self.sandbox.order(doc_entry)
        odd = doc_entry in self.odd
        self.history.record(self.tick, doc_entry, document, odd=odd, reverted=reverted)

    def note_follow_ups(self) -> None:
        """Documents that business has drawn since, with the orders they change."""
        tables = self.sandbox.company.tables
        for name in DRAWN:
            for doc_entry in tables[name].keys[self._drawn[name] :]:
                order = self._order_behind(tables[name][doc_entry])
                self.follow_ups.append(FollowUp(PROBES[name], doc_entry, order, self.tick))
            self._drawn[name] = len(tables[name])

    def _order_behind(self, document: dict[str, Any]) -> int:
        base = document["DocumentLines"][0]
        if base["BaseType"] == ORDER:
            return int(base["BaseEntry"])
        assert base["BaseType"] == DELIVERY
        return self._order_behind(self.sandbox.company.tables["DeliveryNotes"][base["BaseEntry"]])

    def forget_follow_ups(self) -> None:
        """After a restored backup documents are numbered again from where the probes have been."""
        self.follow_ups.clear()
        self._drawn = {name: len(self.sandbox.company.tables[name]) for name in DRAWN}
        positions = Position.objects.filter(company_id=COMPANY)
        self.follow_floor = dict(positions.values_list("probe", "doc_entry"))

    def mirrored_is_beyond_doubt(self) -> bool:
        """Whether there is an order here by which SAP's company can be recognised."""
        load = Position.objects.filter(company_id=COMPANY, probe=Probe.FIRST_LOAD).first()
        suspect = Pending.objects.filter(Q(not_found__gt=0) | Q(probe=Probe.ABSENT))
        if load is None or suspect.filter(company_id=COMPANY).exists():
            return False
        if OrderRead.objects.filter(company_id=COMPANY).exclude(missing_since=None).exists():
            return False
        return SalesOrder.objects.filter(
            pk__gte=order_id(COMPANY, 0), pk__lte=order_id(COMPANY, load.doc_entry)
        ).exists()


def _switch_off(source: ServiceLayer, probe: str) -> None:
    """This probe always fails; what it would have found is left to the others."""

    def failing(*args: object, **options: object) -> Any:
        raise BadAnswer("this probe is switched off")

    assert callable(getattr(source, probe))
    setattr(source, probe, failing)
