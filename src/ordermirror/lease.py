"""One runner at a time for a company, fenced.

A run takes the lease with one conditional UPDATE (this fence, and free or run out by the
database's clock). Each of its writing
transactions begins with a conditional UPDATE on its own fence, which also renews the lease; a run
that was paused until another took over finds no row to update and writes nothing more. (A SELECT
would not do: it lets a stale writer through.)
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.sql import UpdateQuery

from ordermirror import models
from ordermirror.errors import LeaseLost, SyncAlreadyRunning
from ordermirror.phases import Phase, during

TTL = timedelta(minutes=5)
"""Longer than any request to SAP takes; a runner that died on this machine is noticed at once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Held for `company_id` until `release`, or until another run takes it after TTL."""

    company_id: int
    fence: int
    after_another: bool = False
    """Whether another run still held it when it was taken: that one may have written until then."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that commits only while this lease is held; raises LeaseLost otherwise."""
        with during(Phase.COMMIT), transaction.atomic():
            if not self._renewed():
                raise LeaseLost("another run took over while this one was paused; it goes on there")
            with during(Phase.WRITE):
                yield

    def _renewed(self) -> bool:
        sql, first = _renewing(connection.vendor)
        with connection.cursor() as cursor:
            cursor.execute(sql, (*first, self.company_id, self.fence))
            return bool(cursor.rowcount)

    def release(self) -> None:
        _held_here.discard((self.company_id, self.fence))
        models.Lease.objects.filter(company_id=self.company_id, fence=self.fence).update(
            holder="", expires_at=None
        )


@functools.cache
def _renewing(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that each transaction begins with, and its parameters before company and fence.

    Put together once: Django takes ten times as long for that as the database does to run it.
    """
    mine = models.Lease.objects.filter(company_id=0).filter(fence=0)
    query = cast(UpdateQuery, mine.query.chain(UpdateQuery))
    query.add_update_values({"expires_at": Now() + TTL})
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters[:-2])


@contextlib.contextmanager
def held(company_id: int, seen: models.Lease | None = None) -> Iterator[Lease]:
    """Take the lease, and release it at the end. Arguments and what is raised as of `take`."""
    lease = take(company_id, seen)
    try:
        yield lease
    finally:
        lease.release()


@contextlib.contextmanager
def all_held() -> Iterator[list[Lease]]:
    """The leases of all companies, so that nothing refreshes meanwhile. Raises as `take` does."""
    with contextlib.ExitStack() as stack:
        # Keys alone: before an upgrade the table may lack columns that the model has.
        companies = list(models.Company.objects.values_list("pk", flat=True))
        yield [stack.enter_context(held(company_id)) for company_id in companies]


def take(company_id: int, seen: models.Lease | None = None) -> Lease:
    """`seen` is the lease as it was read just now; None: it is read here.

    Raises SyncAlreadyRunning while another live run holds the lease, or when one has held it since
    `seen` was read.
    """
    lease = seen or models.Lease.objects.get_or_create(company_id=company_id)[0]
    free = Q(fence=lease.fence)
    if not _died_here(lease.holder, (company_id, lease.fence)):
        free &= Q(holder="") | Q(expires_at__lt=Now())
    fence = lease.fence + 1
    taken = models.Lease.objects.filter(free, company_id=company_id).update(
        holder=_holder(), fence=fence, expires_at=Now() + TTL
    )
    if not taken:
        holder = lease.holder or "begun just now"
        raise SyncAlreadyRunning(f"another run is refreshing this company ({holder})")
    _held_here.add((company_id, fence))
    return Lease(company_id, fence, after_another=bool(lease.holder))


def overrule(company_id: int) -> None:
    """Whoever holds the lease writes no more: what was decided meanwhile holds against it."""
    models.Lease.objects.filter(company_id=company_id).update(fence=F("fence") + 1)


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


_held_here: set[tuple[int, int]] = set()
"""Company and fence of the leases that runs of this process hold."""


def _died_here(holder: str, held: tuple[int, int]) -> bool:
    """Whether the holder ran on this machine and is gone, or was a run of this process that has
    ended: the database had failed, and it could not release what it held.

    A wrong guess, as with process numbers of another container, is harmless: the fence refuses
    the former holder's writes. Windows offers no safe way to ask; there the lease runs out.
    """
    if holder == _holder():
        return held not in _held_here
    host, _, pid = holder.rpartition(":")
    if os.name != "posix" or host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
