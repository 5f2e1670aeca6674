"""Fetch ahead in threads, hand over in order: decoding and writing overlap SAP's slow answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_order(tasks: Iterable[Callable[[], T]], *, parallel: int) -> Iterator[T]:
    """Run at most `parallel` tasks at once and yield their results in the tasks' order.

    A task's error is raised in its place; later results are dropped then. With `parallel` 0 each
    task runs in the caller's thread when its result is asked for.
    """
    if not parallel:
        yield from (task() for task in tasks)
        return
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="sap")
    under_way: deque[Future[T]] = deque()
    try:
        for task in tasks:
            under_way.append(pool.submit(task))
            if len(under_way) > parallel:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
