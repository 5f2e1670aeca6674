"""What happens in a seed: runs, among them killed, failing and overtaken ones, then rest."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.db import DatabaseError
from django.db.models.functions import Now

from ordermirror import conflicts, models, reaches
from ordermirror.core import plan
from ordermirror.core.report import RunReport
from tests.simulation import database
from tests.simulation.crashes import AFTER, BEFORE, CRASH, ERROR, REFUSED, Crash, Failure, watched
from tests.simulation.database import COMPANY
from tests.simulation.invariants import Violation, Watch, require
from tests.simulation.traits import SERVICE_LAYER, Traits
from tests.simulation.world import World

MOST_FALSE_ALARMS = 3
MOST_DECISIONS = 7
MOST_BACKFILLS = 80
MOST_REACHED = {"request": 20, "statement": 90, "commit": 14}


@dataclass(slots=True)
class Story:
    """The runs of one seed. Every step ends with all invariants checked."""

    world: World
    watch: Watch = field(init=False)
    bystander: list[tuple] = field(init=False)
    alarms: int = 0

    def __post_init__(self) -> None:
        self.watch = Watch(self.world)
        self.world.owned = database.owned()
        self.bystander = database.bystander()
        self.world.fuse.after_commit = self._peek

    def play(self) -> None:
        for _ in range(self.world.rng.randrange(2, 7)):
            self.step()
        self.rest()

    def step(self) -> None:
        rng, world = self.world.rng, self.world
        self.decide()
        world.act_between_runs()
        if world.traits.scoped and rng.random() < 0.6:
            world.rescope()
        for _ in range(rng.randrange(4)):
            world.act(rng.choice(world.traits.kinds))
        kind = rng.choices(("run", "failing", "overtaken", "full", "stopped"), (5, 4, 2, 1, 1))[0]
        world.log(f"  {kind}")
        world.begin_step()
        world.restless = True
        if kind == "failing":
            self.run(failure=self._some_failure())
        elif kind == "overtaken":
            self.overtaken()
        elif kind == "stopped":
            self.run(stop_after=rng.randrange(1, 8))
        else:
            self.run(full=kind == "full")
        world.restless = False
        if rng.random() < 0.5:
            world.calm()

    def run(
        self,
        *,
        full: bool = False,
        failure: Failure | None = None,
        stop_after: int | None = None,
    ) -> RunReport | None:
        """One run, and then everything that must hold. None when it died or raised."""
        start = self.world.tick
        self.world.fuse.arm(failure)
        report = None
        try:
            with watched(self.world.fuse):
                report = self._sync(full=full, stop_after=stop_after)
        except Crash:
            self.world.log(f"    killed {failure}")
            self._bury()
        except DatabaseError as exc:
            require(failure is not None, f"the database failed by itself: {exc!r}")
            self.world.log(f"    {failure}: {exc!r}")
            self._bury()
        self.world.tick += 1
        self._check(start, full=full)
        return report

    def overtaken(self) -> None:
        """Another run takes over while this one waits for an answer; this one writes no more."""
        before = self.world.rng.randrange(1, MOST_REACHED["request"])
        left = [before]
        after_other: list[tuple] = []

        def take_over(target: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                self.world.on_request = lambda target: None
                self.world.log("    overtaken")
                models.Lease.objects.filter(company_id=COMPANY).update(
                    expires_at=Now() - timedelta(seconds=1)
                )
                self._sync()
                after_other.append(database.digest())
                self.world.still = True

        self.world.on_request = take_over
        self.run()
        self.world.on_request = lambda target: None
        if after_other:
            require(after_other == [database.digest()], "a run wrote after it was overtaken")

    def decide(self, *, at_once: bool = False) -> None:
        """Sooner or later a person looks at what stopped the writing, and decides."""
        world = self.world
        world.company.refresh_from_db()
        if not world.company.conflict or (not at_once and world.rng.random() < 0.3):
            return
        for act in ("swap", "show") if world.swapped else ("show",):
            world.act(act)
        self.alarms += 1
        anew = world.restored or self.alarms > MOST_FALSE_ALARMS
        world.log(f"  decided: {'new epoch' if anew else 'false alarm'}")
        if anew:
            conflicts.new_epoch(world.company)
            world.restored = False
            world.follow_floor.clear()
            self.watch.begin_anew()
        else:
            conflicts.false_alarm(world.company)

    def rest(self) -> None:
        """Without faults and edits a refresh and an audit make the mirror what the source is.

        A full load finds nothing more, and then nothing is written and nothing differs. A first
        load that was under way, and orders that are gone for good, need a few more runs and
        decisions before; where a probe is switched off or orders were not seen at first, the full
        load stands in.
        """
        world = self.world
        world.log("  rest")
        world.come_to_rest()
        if world.traits.without is not None or world.reappeared:
            world.scope = replace(world.scope, since=None)
        for _ in range(MOST_DECISIONS):
            self.decide(at_once=True)
            report = self.run()
            require(report is not None, "a run at rest did not end")
            if report.outcome != "failed" and not report.first_load:
                break
        self._load_what_lacks()
        world.wait(world.plan.audit_closed_within)
        self.run(full=world.traits.without is not None or world.reappeared)
        self.watch.equals_the_source()
        self.run(full=True)
        self.watch.equals_the_source()
        self.watch.lines_follow_their_items()
        world.reconciles = True
        report = self.run()
        require(report is not None, "a run at rest did not end")
        require(report.rows_written == 0, f"a run at rest wrote {report.rows_written} rows")
        self._reconciles(report)

    def _reconciles(self, report: RunReport) -> None:
        """Unless nobody asks which orders are open, or a decision is waited for."""
        self.world.company.refresh_from_db()
        found = list(models.Reconciliation.objects.filter(run_id=report.run))
        excused = self.world.traits.without == "open" or bool(self.world.company.conflict)
        require(bool(found) or excused, "nothing was reconciled at rest")
        for row in found:
            require(row.differing == 0, f"at rest there differs {row.figures}")

    def _load_what_lacks(self) -> None:
        for _ in range(MOST_BACKFILLS):
            self.world.company.refresh_from_db()
            if not reaches.of(self.world.company).lacks:
                return
            self.decide(at_once=True)
            self.run()
        raise Violation("something is lacking for ever")

    def _sync(self, *, full: bool = False, stop_after: int | None = None) -> RunReport:
        report = self.world.refresh(full=full, stop_after=stop_after)
        self.world.log(f"    {report.outcome}: {report.problem or report.orders()}")
        self.watch.brake_is_pulled(report)
        return report

    def _check(self, start: int, *, full: bool) -> None:
        self.watch.after_run(start, full=full)
        require(database.bystander() == self.bystander, "rows of another company were touched")
        require(database.owned() == self.world.owned, "values that people entered were touched")

    def _peek(self) -> None:
        """Also right after each commit, in the middle of a run."""
        if not self.world.restless:
            return
        self.world.rng.random()  # as drawn ever since: seeds tell the stories that they told
        with self.world.fuse.looking_on():
            self.watch.contents()
        require(database.bystander() == self.bystander, "rows of another company were touched")

    def _bury(self) -> None:
        """A killed run leaves its lease, until time has passed and it has run out.

        It was on another machine; one of this machine, or of this process, would be known dead.
        """
        self.world.fuse.revive()
        lease = models.Lease.objects.filter(company_id=COMPANY)
        lease.exclude(holder="").update(holder="elsewhere:1")
        if self.world.rng.random() < 0.3:
            before = database.digest()
            held = lease.exclude(holder="").filter(expires_at__gt=Now()).exists()
            report = self._sync()
            require((report.outcome == "busy") == held, f"{report.outcome} while held: {held}")
            require(not held or database.digest() == before, "a busy run wrote")
        lease.update(expires_at=Now() - timedelta(seconds=1))

    def _some_failure(self) -> Failure:
        rng = self.world.rng
        at = rng.choice(("request", "statement", "commit"))
        what = rng.choice((CRASH, CRASH, ERROR, REFUSED if at == "statement" else ERROR))
        when = rng.choice((BEFORE, AFTER)) if what != REFUSED else BEFORE
        return Failure(at, rng.randrange(1, MOST_REACHED[at]), what, when)


def play(
    seed: int,
    *,
    log: Callable[[str], None] = lambda line: None,
    traits: Traits | None = None,
    source: str = SERVICE_LAYER,
) -> None:
    """Play one seed; raises Violation, or what the product raised, with the seed in a note."""
    random.seed(seed)
    logging.disable(logging.CRITICAL)
    database.begin_anew()
    brake = plan.MISSING_AT_ONCE
    try:
        world = World(seed, log=log, traits=traits, source=source)
        plan.MISSING_AT_ONCE = world.traits.brake
        log(f"seed {seed}: {world.traits}")
        Story(world).play()
    except (Exception, Crash) as exc:
        exc.add_note(f"tell its story with: make simulate SOURCE={source} SEEDS={seed}")
        raise
    finally:
        plan.MISSING_AT_ONCE = brake
        logging.disable(logging.NOTSET)


__all__ = ["Story", "Violation", "play"]
