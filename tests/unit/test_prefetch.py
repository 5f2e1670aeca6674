"""Fetching ahead."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from ordermirror.sap.prefetch import in_order


def test_results_come_in_the_tasks_order():
    """The first task ends only after the second one has."""
    second_done = threading.Event()

    def first():
        assert second_done.wait(10)
        return 1

    def second():
        second_done.set()
        return 2

    assert list(in_order([first, second], parallel=2)) == [1, 2]


def test_no_more_run_at_once_than_allowed():
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def task():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        with lock:
            running -= 1

    list(in_order([task] * 6, parallel=2))

    assert most == 2


def test_an_error_comes_in_its_place():
    def fail():
        raise ValueError("no")

    results = in_order([partial(int, 1), fail, partial(int, 3)], parallel=2)

    assert next(results) == 1
    with pytest.raises(ValueError, match="no"):
        next(results)


def test_tasks_are_made_only_as_they_are_needed():
    made = []

    def tasks():
        for number in range(1000):
            made.append(number)
            yield partial(int, number)

    results = in_order(tasks(), parallel=2)
    next(results)
    results.close()

    assert len(made) <= 3


def test_the_next_tasks_are_under_way_while_a_result_is_worked_on():
    """The second and third task end only once the first one's result is being worked on."""
    at_work, done = threading.Event(), threading.Semaphore(0)

    def later():
        assert at_work.wait(10)
        done.release()

    results = in_order([partial(int, 1), later, later], parallel=2)

    assert next(results) == 1
    at_work.set()
    assert done.acquire(timeout=10)
    assert done.acquire(timeout=10)
