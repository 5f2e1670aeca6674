"""A pretend SAP in a process of its own, told over a pipe what happens at the company.

It counts what each client costs it, alike for every client: requests, bytes before compression,
and the seconds that a SAP-like Service Layer would have taken, whether it takes them or not.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from benchmarks.pipes import heard, other_process, tell
from ordermirror.sandbox import Sandbox, SandboxOptions
from ordermirror.sandbox.faults import Fault
from ordermirror.sandbox.generate import close_order
from ordermirror.sandbox.http import Answer
from ordermirror.sandbox.sandbox import delay_of

OPEN = "bost_Open"
FAT = "fat"


@dataclass(slots=True)
class Costs:
    """What clients have cost since last asked; `waited` in seconds, summed over all requests."""

    requests: int = 0
    bytes: int = 0
    waited: float = 0.0


class Meter:
    """Stands where a sandbox reckons how long an answer takes."""

    def __init__(self, latency: str) -> None:
        self.costs = Costs()
        self.delay = delay_of(latency)
        self._as_sap = delay_of("sap")
        self._lock = threading.Lock()

    def __call__(self, answer: Answer) -> float:
        with self._lock:
            self.costs.requests += 1
            self.costs.bytes += len(answer.body)
            self.costs.waited += self._as_sap(answer)
        return self.delay(answer)

    def take(self) -> Costs:
        with self._lock:
            costs, self.costs = self.costs, Costs()
        return costs


class Happenings:
    """Changes at the company, each to other orders than the last. The same calls do the same."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._random = Random(11)  # noqa: S311 - a repeatable choice
        self._numbers = count(1)

    def edit(self, orders: int) -> None:
        """A person edits a header and its first line."""
        for entry in self._some_open(orders):
            number = next(self._numbers)
            lines = self._sandbox.order(entry)["DocumentLines"]
            lines[0]["FreeText"] = f"edit {number}"
            self._sandbox.edit(entry, Comments=f"edit {number}", DocumentLines=lines)

    def close(self, orders: int) -> None:
        """Closed by hand, which leaves no stamp on the order."""
        for entry in self._some_open(orders):
            order = self._sandbox.order(entry)
            close_order(order, keep_quantity=False)
            self._sandbox.put_raw(entry, **order)

    def _some_open(self, orders: int) -> list[int]:
        entries = [
            row["DocEntry"] for row in self._sandbox.company.orders if row["DocumentStatus"] == OPEN
        ]
        return sorted(self._random.sample(entries, orders))


@dataclass(frozen=True, slots=True)
class PretendSAP:
    """The other process, as the benchmark sees it."""

    url: str
    gateway_url: str
    ask: Callable[..., Any]

    def costs(self) -> Costs:
        return Costs(**self.ask("costs"))


@contextmanager
def pretend_sap(orders: int, *, fat: bool = False, fault: str = "") -> Iterator[PretendSAP]:
    """All orders are open, about eight lines each.

    Documents have the size of the fields read; `fat` ones every property that SAP has. `fault` is
    what goes wrong, as `ordermirror sandbox --fault` has it.
    """
    words = [FAT] * fat + [fault] * bool(fault)
    with other_process("benchmarks.pretend", str(orders), *words) as other:
        yield PretendSAP(other.hear(), other.hear(), other.ask)


def main(orders: int, words: list[str]) -> None:
    sandbox = Sandbox(SandboxOptions(orders=orders, open_share=1.0, fat=FAT in words))
    for word in words:
        if word != FAT:
            sandbox.faults.add(Fault.parse(word))
    meter = sandbox._delay = Meter("none")
    happenings = Happenings(sandbox)
    with sandbox.serving() as address:
        tell(address.url())
        tell(address.gateway_url)
        for told in heard():
            tell(_do(told, sandbox, meter, happenings))


def _do(told: dict[str, Any], sandbox: Sandbox, meter: Meter, happenings: Happenings) -> Any:
    match told:
        case {"what": "edit", "orders": orders}:
            return happenings.edit(orders)
        case {"what": "close", "orders": orders}:
            return happenings.close(orders)
        case {"what": "business", "events": events}:
            sandbox.business(events)
        case {"what": "pass", "minutes": minutes}:
            return sandbox.advance(timedelta(minutes=minutes))
        case {"what": "latency", "name": name}:
            meter.delay = delay_of(name)
        case {"what": "mirrored"}:
            return _counts(sandbox)
        case {"what": "costs"}:
            costs = meter.take()
            return {name: getattr(costs, name) for name in ("requests", "bytes", "waited")}
    return None


def _counts(sandbox: Sandbox) -> list[int]:
    """Orders, lines, open orders."""
    rows = list(sandbox.company.orders)
    still_open = sum(row["DocumentStatus"] == OPEN for row in rows)
    return [len(rows), sum(len(row["DocumentLines"]) for row in rows), still_open]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
