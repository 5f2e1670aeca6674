"""One scripted story against the database of the settings, written down to be compared.

    python -m tests.acceptance.one_story FILE

Everything in it is decided by `SEED`, and told by the world's clocks alone, so that each database
must end with the same rows. Requests are asked in this process, one after the other.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402 - the settings decide which database this is
from django.core.management import call_command  # noqa: E402
from django.db.models import ForeignKey, Model  # noqa: E402

from ordermirror.export import exported_orders  # noqa: E402
from ordermirror.models import Company, Lease, OrderLine, SalesOrder  # noqa: E402
from ordermirror.owned import writing  # noqa: E402
from ordermirror.owned.models import Approval, LinePrice  # noqa: E402
from tests import oracle  # noqa: E402
from tests.oracle import without_removed  # noqa: E402
from tests.simulation.crashes import Crash, Failure, watched  # noqa: E402
from tests.simulation.database import COMPANY  # noqa: E402
from tests.simulation.traits import FAULTS, Traits  # noqa: E402
from tests.simulation.world import World  # noqa: E402

SEED, ROUNDS = 41, 100
VANISHES_IN = 50
KINDS = (
    "business", "edit", "drop_line", "flip", "turn", "strange", "spoil", "heal", "fault", "calm",
    "tear", "tear_order", "expire", "sap_jump",
)  # fmt: skip
TRAITS = Traits(
    orders=40,
    stamps_all=False,
    page_size=12,
    light_page_size=20,
    version=2,
    unrest=0.1,
    kinds=KINDS,
    faults=FAULTS,
    without=None,
)
TAKES_TIME = {"run", "seconds", "sap_seconds", "phases"}
"""Of a report: what is not the same twice."""
PEOPLE = ("amal", "bob", "Noor السيد")
NOT_COMPARED = {
    "Company": {"created_at", "manufacturers_version"},
    "Lease": {"holder", "expires_at"},
    "SyncRun": {"seconds", "statements", "phases", "probes"},
}
"""Our process, the machine's clock, and how many statements an engine needs; probes are compared
in the reports, without their seconds."""


def without_seconds(probe: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in probe.items() if name != "seconds"}


class Unwatched(World):
    """What the simulation's judge would need is not noted: here databases judge each other."""

    def note_follow_ups(self) -> None:
        pass


@dataclass(slots=True)
class Story:
    world: World
    reports: list[dict[str, Any]] = field(default_factory=list)
    returning: dict[int, dict[str, Any]] = field(default_factory=dict)

    def play(self) -> None:
        self.round("run")
        for number in range(ROUNDS):
            self.people_write(number)
            self.happen()
            if number == VANISHES_IN:
                self.world.act("remove")
            kind = self.world.rng.choices(("run", "full", "stopped", "killed"), (12, 1, 1, 1))[0]
            self.round(kind)
            self.world.ours += timedelta(minutes=self.world.rng.choice((1, 5, 30, 300)))
            if number % 4 == 3:
                self.world.calm()
        self.rest()

    def happen(self) -> None:
        """What goes on at the company between two runs."""
        for _ in range(self.world.rng.randrange(1, 6)):
            self.world.act("business")
        for act in self.world.rng.choices(self.world.traits.kinds, k=3):
            self.world.act(act)
        self.take_out_a_line()
        self.put_a_line_back()
        self.change_silently()

    def take_out_a_line(self) -> None:
        """A line is taken out of an order, and kept to be put back as it was."""
        world = self.world
        doc_entry = world.rng.choice(world.sandbox.company.orders.keys)
        lines = world.sandbox.order(doc_entry)["DocumentLines"]
        delivered = world.sandbox.company.delivered.get(doc_entry, {})
        if doc_entry in world.odd or doc_entry in self.returning or len(lines) < 2:
            return
        if lines[-1]["LineNum"] not in delivered:
            self.returning[doc_entry] = lines[-1]
            self._edit(doc_entry, DocumentLines=lines[:-1])

    def put_a_line_back(self) -> None:
        world = self.world
        kept = [key for key in self.returning if key not in world.odd and key not in world.removed]
        if not kept or world.rng.random() < 0.5:
            return
        doc_entry = world.rng.choice(sorted(kept))
        line = self.returning.pop(doc_entry)
        lines = world.sandbox.order(doc_entry)["DocumentLines"]
        if line["LineNum"] not in {line["LineNum"] for line in lines}:
            self._edit(doc_entry, DocumentLines=[*lines, line])

    def change_silently(self) -> None:
        """No stamp moves: only the audit can see it."""
        doc_entry = self.world.rng.choice(self.world.sandbox.company.orders.keys)
        if doc_entry not in self.world.odd:
            self.world.sandbox.put_raw(doc_entry, Address=f"Silently {self.world.tick}")
            self.world.sandbox.company.odd.discard(doc_entry)

    def _edit(self, doc_entry: int, **fields: Any) -> None:
        self.world.sandbox.advance(timedelta(seconds=1))
        self.world.sandbox.edit(doc_entry, **fields)

    def people_write(self, number: int) -> None:
        """A note, a decision and a price on orders that are mirrored; stale ones are refused."""
        rng = self.world.rng
        by = writing.By(rng.choice(PEOPLE), self.world.clock())
        keys = list(SalesOrder.objects.filter(company=COMPANY).order_by("id").values_list("id"))
        if not keys:  # the first load has not got to any
            return
        order = SalesOrder.objects.get(pk=rng.choice(keys)[0])
        writing.add_note(order.pk, f"Round {number}: “späť” 🚚\r\nكلّم العميل", by)
        writing.decide(
            order.pk,
            rng.choice(("approved", "rejected")),
            f"as of round {number}",
            by,
            basis=writing.Basis(order.doc_total, order.doc_currency, number),
            seen=_version(Approval, order=order.pk) - rng.choice((0, 0, 1)),
        )
        line = OrderLine.objects.filter(order=order.pk).order_by("id").last()
        if line is not None:
            price = rng.choice((None, Decimal("0.1"), Decimal("1234.567891"), line.price))
            writing.revise_price(
                order.pk,
                line.line_num,
                price,
                by,
                item_code=line.item_code or "",
                currency=line.currency or "",
                seen=_version(LinePrice, order=order.pk, line_num=line.line_num),
            )

    def round(self, kind: str) -> None:
        world = self.world
        world.begin_step()
        world.restless = kind != "rest"
        at = world.rng.randrange(1, 15)
        world.fuse.arm(Failure("request", at) if kind == "killed" else None)
        try:
            with watched(world.fuse):
                self.sync(full=kind == "full", stop_after=at if kind == "stopped" else None)
        except Crash:
            self.reports.append({"killed at request": at})
            world.fuse.revive()
            Lease.objects.filter(company_id=COMPANY).update(holder="", expires_at=None)
        world.restless = False
        world.tick += 1

    def sync(self, *, full: bool, stop_after: int | None) -> None:
        report = self.world.refresh(full=full, stop_after=stop_after).as_json()
        report["probes"] = [without_seconds(probe) for probe in report["probes"]]
        self.reports.append({key: report[key] for key in report.keys() - TAKES_TIME})

    def rest(self) -> None:
        """Faults and edits end; two runs later the mirror is what the source is."""
        self.world.come_to_rest()
        self.round("rest")
        self.world.still = True
        self.sync(full=True, stop_after=None)
        self.sync(full=False, stop_after=None)


def _version(model: type[Model], **key: int) -> int:
    return model.objects.filter(**key).values_list("version", flat=True).first() or 0


def dump(story: Story) -> dict[str, Any]:
    """Everything that was stored and reported. Numbers given by a database become ordinals."""
    models = [
        model
        for label in ("ordermirror", "ordermirror_owned")
        for model in apps.get_app_config(label).get_models()
    ]
    ordinals = {model: _ordinals(model) for model in models if _is_numbered(model)}
    orders = list(exported_orders(COMPANY))
    removed = story.world.removed
    statements = sum(report.pop("statements", 0) for report in story.reports)
    return {
        "rows": {model.__name__: _rows(model, ordinals) for model in models},
        "export": orders,
        "reports": story.reports,
        "statements": statements,
        "mirrored": [without_removed(it) for it in orders if it["doc_entry"] not in removed],
        "source": [oracle.expected(document) for document in story.world.sandbox.orders()],
        "vanished": [order for order in orders if order["doc_entry"] in removed],
    }


def _is_numbered(model: type[Model]) -> bool:
    return "AutoField" in model._meta.pk.get_internal_type()


def _ordinals(model: type[Model]) -> dict[int, int]:
    keys = model.objects.order_by("pk").values_list("pk", flat=True)
    return {key: ordinal for ordinal, key in enumerate(keys, start=1)}


def _rows(model: type[Model], ordinals: dict[type[Model], dict[int, int]]) -> list[dict[str, Any]]:
    left_out = NOT_COMPARED.get(model.__name__, set())
    fields = [found for found in model._meta.concrete_fields if found.name not in left_out]
    rows = model.objects.order_by("pk").values_list(*(found.attname for found in fields))
    numbers = [_numbers_of(found, ordinals) for found in fields]
    return [
        {
            found.attname: _plain(value) if number is None else number.get(value)
            for found, value, number in zip(fields, row, numbers, strict=True)
        }
        for row in rows
    ]


def _numbers_of(found: Any, ordinals: dict[type[Model], dict[int, int]]) -> dict[int, int] | None:
    if found.primary_key:
        return ordinals.get(found.model)
    return ordinals.get(found.related_model) if isinstance(found, ForeignKey) else None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | datetime | date):
        return oracle.plain(value)
    return value


def main(file: str) -> None:
    random.seed(SEED)
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0, interactive=False)
    Company.objects.create(pk=COMPANY, company_db="SBODEMO")
    story = Story(Unwatched(SEED, traits=TRAITS))
    story.play()
    Path(file).write_text(json.dumps(dump(story), sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
