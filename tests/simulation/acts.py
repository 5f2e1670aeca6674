"""What happens at SAP, to its clock and its answers, and what people do to the mirror meanwhile.

Each act tells what it did, or "" when there was nothing to do it to.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ordermirror.models import Probe, SalesOrder
from ordermirror.owned import writing
from ordermirror.owned.writing import By
from ordermirror.sandbox import Fault
from ordermirror.store import pending
from ordermirror.store.pending import Found
from tests.simulation import database

if TYPE_CHECKING:
    from tests.simulation.world import World

ODDITIES = (
    {"CardName": "x" * 500},
    {"DocTotal": "abc"},
    {"DocumentLines": None},
    {"DocDate": "2026-13-45"},
    {"DocumentLines": []},
)
MOST_REMOVED = 1
WHOLE, WITHIN = "between orders", "within an order"
"""Where the next answer is torn: between two orders, or between an order's header and its lines."""
DRAWN = ("DeliveryNotes", "Returns", "Invoices", "CreditNotes")


def business(world: World) -> str:
    world.sandbox.advance(timedelta(seconds=1))
    [event] = world.sandbox.business(events=1)
    world.ours += timedelta(minutes=3)
    world.record(event.doc_entry)
    world.note_follow_ups()
    return f"{event.kind} of {event.doc_entry}"


def edit(world: World) -> str:
    """A person edits any order, closed ones included; SAP's second may be the same one."""
    doc_entry = world.any_order()
    if world.rng.random() < 0.7:
        world.sandbox.advance(timedelta(seconds=1))
    world.sandbox.edit(doc_entry, Comments=f"edited at {world.tick}")
    world.record(doc_entry)
    return str(doc_entry)


def flip(world: World) -> str:
    """An order closes, or opens again, without a stamp."""
    doc_entry = world.any_order()
    return "" if doc_entry in world.odd else _flipped(world, doc_entry)


def _flipped(world: World, doc_entry: int) -> str:
    document = world.sandbox.order(doc_entry)
    closed = document["DocumentStatus"] != "bost_Open"
    status = "bost_Open" if closed else "bost_Close"
    for line in document["DocumentLines"]:
        line["LineStatus"] = status
        line["RemainingOpenQuantity"] = line["Quantity"]
    world.sandbox.put_raw(doc_entry, DocumentStatus=status, DocumentLines=document["DocumentLines"])
    world.sandbox.company.odd.discard(doc_entry)
    world.record(doc_entry)
    return f"{doc_entry} to {status}"


def turn(world: World) -> str:
    """An order that is plainly open closes, or the other way round."""
    doc_entry = world.any_order()
    document = world.sandbox.order(doc_entry)
    if doc_entry in world.odd:
        return ""
    statuses = {line["LineStatus"] for line in document["DocumentLines"]}
    return _flipped(world, doc_entry) if statuses == {document["DocumentStatus"]} else ""


def drop_line(world: World) -> str:
    """A person removes a line that nothing was delivered of."""
    doc_entry = world.any_order()
    lines = world.sandbox.order(doc_entry)["DocumentLines"]
    delivered = world.sandbox.company.delivered.get(doc_entry, {})
    if doc_entry in world.odd or len(lines) < 2 or lines[-1]["LineNum"] in delivered:
        return ""
    if all(line["LineStatus"] != "bost_Open" for line in lines[:-1]):
        return ""
    world.sandbox.advance(timedelta(seconds=1))
    world.sandbox.edit(doc_entry, DocumentLines=lines[:-1])
    world.record(doc_entry)
    return f"line {lines[-1]['LineNum']} of {doc_entry}"


def strange(world: World) -> str:
    """A status that nobody has told us of, which is mirrored as it is."""
    doc_entry = world.any_order()
    if doc_entry in world.odd:
        return ""
    world.sandbox.advance(timedelta(seconds=1))
    world.sandbox.edit(doc_entry, DocumentStatus=world.rng.choice(("bost_Paid", "bost_Unheard")))
    world.record(doc_entry)
    return str(doc_entry)


def remove(world: World) -> str:
    """Never the newest order, whose number the sandbox would give to another one."""
    seen = world.sandbox.company.orders.keys[:-1]
    if len(world.removed) == MOST_REMOVED or not seen:
        return ""
    doc_entry = world.rng.choice(seen)
    world.sandbox.remove(doc_entry)
    world.removed.add(doc_entry)
    world.odd.pop(doc_entry, None)
    world.history.record(world.tick, doc_entry, None, odd=False)
    return str(doc_entry)


def spoil(world: World) -> str:
    """An order shows what can't be taken."""
    doc_entry = world.any_order()
    if doc_entry in world.odd:
        return ""
    oddity = world.rng.choice(ODDITIES)
    document = world.sandbox.order(doc_entry)
    world.odd[doc_entry] = {name: document[name] for name in oddity}
    world.sandbox.advance(timedelta(seconds=1))
    world.sandbox.edit(doc_entry, Comments=f"odd since {world.tick}")
    world.sandbox.put_raw(doc_entry, **oddity)
    world.record(doc_entry)
    return f"{doc_entry}: {', '.join(oddity)}"


def heal(world: World) -> str:
    if not world.odd:
        return ""
    doc_entry = world.rng.choice(sorted(world.odd))
    good = world.odd.pop(doc_entry)
    world.sandbox.company.odd.discard(doc_entry)
    world.sandbox.advance(timedelta(seconds=1))
    world.sandbox.edit(doc_entry, **good)
    world.record(doc_entry)
    return str(doc_entry)


def fault(world: World) -> str:
    kind, times = world.rng.choice(world.traits.faults), world.rng.randrange(1, 6)
    path = world.rng.choice(world.paths)
    world.sandbox.faults.add(Fault(kind=kind, path=path, times=times))
    if kind == "dropped_row":
        world.withhold(times)
    return f"{kind} {times} times on {path or 'anything'}"


def tear(world: World) -> str:
    world.tear = WHOLE
    return "the next page is torn between two of its orders"


def expire(world: World) -> str:
    world.sandbox.expire_sessions()
    return "sessions expired"


def jump(world: World) -> str:
    """Our clock: on by minutes to days, or back by as much as a wrong one is mended."""
    hours = world.rng.choice((0.1, 1, 6, 26, 50, -0.1, -1))
    world.latest = max(world.latest, world.ours)
    world.ours += timedelta(hours=hours)
    return f"our clock by {hours} h to {world.ours}"


def sap_jump(world: World) -> str:
    """SAP's clock goes on by days, or back within a day: less than what is asked again."""
    hours = world.rng.choice((0.5, 8, 30, 60, -0.5, -6))
    back = max(world.behind - timedelta(hours=hours), timedelta())
    if back > timedelta(hours=20):
        return ""
    world.behind = back
    world.sandbox.advance(timedelta(hours=hours))
    return f"SAP's clock by {hours} h to {world.sandbox.company.now}"


def tear_order(world: World) -> str:
    world.tear = WITHIN
    return "the next order read by key is torn between its header and its lines"


def hint(world: World) -> str:
    """Somebody asks for an order to be read again, one that SAP may not show at all."""
    doc_entry = world.rng.choice(sorted(world.history.versions))
    with world.fuse.looking_on():
        pending.add(world.company.pk, {doc_entry: Found(Probe.HINT)}, now=world.ours)
    return f"refresh of {doc_entry}"


def own(world: World) -> str:
    """A person writes what is theirs: a note, a decision, a revised price."""
    with world.fuse.looking_on():
        orders = SalesOrder.objects.filter(company_id=world.company.pk).order_by("pk")
        keys = list(orders.values_list("pk", flat=True))
        if not keys:
            return ""
        order, by = world.rng.choice(keys), By("amal", world.ours)
        match world.rng.randrange(3):
            case 0:
                writing.add_note(order, f"noted at {world.tick}", by)
            case 1:
                basis = writing.Basis(Decimal(1), "AED", 1)
                writing.decide(order, "approved", "", by, basis=basis, seen=0)
            case _:
                price = Decimal("1.500000")
                writing.revise_price(order, 0, price, by, item_code="A", currency="AED", seen=0)
        world.owned = database.owned()
    return f"something of their own on {order}"


def hide(world: World) -> str:
    """The SAP user may no longer see some orders; never the newest, whose number is not free."""
    orders = world.sandbox.company.orders
    seen = [key for key in orders.keys[:-1] if key not in world.odd]
    if world.hidden or not seen:
        return ""
    for key in world.rng.sample(seen, world.rng.randrange(1, len(seen) + 1)):
        by_hand = key in world.sandbox.company.closed_by_hand
        world.hidden[key] = (orders[key], by_hand)
        world.sandbox.remove(key)
        world.history.record(world.tick, key, None, odd=False)
    return str(sorted(world.hidden))


def show(world: World) -> str:
    """What was hidden is seen again. If it was never mirrored, only a full load can find it."""
    shown, world.hidden = world.hidden, {}
    for key, (order, by_hand) in shown.items():
        world.sandbox.company.orders.add(order)
        world.sandbox.company.orders.touch(key)
        if by_hand:
            world.sandbox.company.closed_by_hand.add(key)
        world.record(key, reverted=True)
        world.reappeared = True
    return str(sorted(shown)) if shown else ""


def swap(world: World) -> str:
    """Another company answers under the same name, or ours again.

    Nobody could tell where nothing is mirrored yet that is not in doubt, and by orders that happen
    to have the same number and day.
    """
    if world.swapped:
        world.answering = world.sandbox
        return "ours answers again"
    if not world.mirrored_is_beyond_doubt():
        return ""
    rows = SalesOrder.objects.filter(company_id=world.company.pk)
    ours = {
        entry: rest for entry, *rest in rows.values_list("doc_entry", "doc_num", "creation_date")
    }
    theirs = {
        order["DocEntry"]: [order["DocNum"], order["CreationDate"]]
        for order in world.foreign.orders()
    }
    common = ours.keys() & theirs.keys()
    if not common or any(ours[entry] == theirs[entry] for entry in common):
        return ""
    world.answering = world.foreign
    return "another company answers"


def back_up(world: World) -> str:
    """SAP's administrator makes a backup."""
    if world.odd or world.hidden:
        return ""
    company = world.sandbox.company
    tables = {name: list(company.tables[name]) for name in ("Orders", *DRAWN)}
    world.backup = deepcopy((tables, company.delivered, company.closed_by_hand))
    return "made"


def restore(world: World) -> str:
    """The company is what it was at the backup; only its clock has gone on."""
    if world.backup is None or world.odd or world.hidden:
        return ""
    company = world.sandbox.company
    tables, delivered, by_hand = deepcopy(world.backup)
    for name, rows in tables.items():
        table = company.tables[name]
        for key in list(table.keys):
            table.remove(key)
        for row in rows:
            table.add(row)
            table.touch(row["DocEntry"])
    company.delivered, company.closed_by_hand = delivered, by_hand
    world.restored = world.reappeared = True
    world.forget_follow_ups()
    for key in world.history.versions:
        if key in company.orders:
            world.record(key, reverted=True)
        else:
            world.history.record(world.tick, key, None, odd=False)
    return "the backup is restored"


def reassign(world: World) -> str:
    """A person enters another manufacturer for an item, which SAP stamps."""
    code = world.rng.choice(world.sandbox.company.tables["Items"].keys)
    maker = world.rng.choice(world.sandbox.company.tables["Manufacturers"].keys)
    world.sandbox.edit_row("Items", code, Manufacturer=maker)
    return f"{code} is made by {maker}"


ACTS: dict[str, Callable[[World], str]] = {
    "business": business,
    "edit": edit,
    "drop_line": drop_line,
    "flip": flip,
    "turn": turn,
    "strange": strange,
    "remove": remove,
    "spoil": spoil,
    "heal": heal,
    "fault": fault,
    "calm": lambda world: world.calm(),
    "tear": tear,
    "tear_order": tear_order,
    "expire": expire,
    "jump": jump,
    "sap_jump": sap_jump,
    "hint": hint,
    "own": own,
    "hide": hide,
    "show": show,
    "reassign": reassign,
}
BETWEEN_RUNS: dict[str, Callable[[World], str]] = {
    "swap": swap,
    "back_up": back_up,
    "restore": restore,
}
"""These would be noticed by the next run at the earliest."""
