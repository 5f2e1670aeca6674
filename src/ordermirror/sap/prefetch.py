"""Fetch ahead in threads, hand over in order: decoding and writing overlap SAP's slow answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ordermirror.logs import carried
from ordermirror.phases import Phase, during

T = TypeVar("T")


def in_order(tasks: Iterable[Callable[[], T]], *, parallel: int) -> Iterator[T]:
    """Run at most `parallel` tasks at once and yield their results in the tasks' order.

    A task's error is raised in its place; later results are dropped then. With `parallel` 0 each
    task runs in the caller's thread when its result is asked for.
    Lines that the threads log are about the same run as the caller's.
    """
    if not parallel:
        yield from (task() for task in tasks)
        return
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="sap")
    under_way: deque[Future[T]] = deque()
    try:
        for task in tasks:
            under_way.append(pool.submit(carried(task)))
            if len(under_way) > parallel:
                yield _result(under_way.popleft())
        while under_way:
            yield _result(under_way.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(task: Future[T]) -> T:
    with during(Phase.SAP):
        return task.result()
