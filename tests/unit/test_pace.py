"""How hard SAP is pressed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from ordermirror.errors import SAPUnavailable
from ordermirror.sap.pace import PageSize, Turns, retry_after

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


class Time:
    """A clock that only pauses move."""

    def __init__(self):
        self.now = 100.0
        self.pauses = []

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def turns(self, *, parallel=2, calls_per_minute=None, pause=None):
        return Turns(
            parallel=parallel,
            calls_per_minute=calls_per_minute,
            clock=lambda: self.now,
            pause=pause or self.pause,
        )


@pytest.fixture
def time():
    return Time()


def take(turns, times=1):
    for _ in range(times):
        with turns.turn():
            pass


def test_without_a_limit_nothing_waits(time):
    take(time.turns(), times=50)

    assert time.pauses == []


def test_requests_are_spread_evenly_over_the_minute(time):
    take(time.turns(calls_per_minute=30), times=4)

    assert time.pauses == [2, 2, 2]


def test_time_that_passed_anyway_is_not_waited_for_again(time):
    turns = time.turns(calls_per_minute=30)
    take(turns)
    time.now += 1.5

    take(turns)

    assert time.pauses == [0.5]


def test_an_idle_while_is_not_saved_up_for_a_burst(time):
    turns = time.turns(calls_per_minute=30)
    take(turns)
    time.now += 60

    take(turns, times=3)

    assert time.pauses == [2, 2]


def test_threads_share_one_limit(time):
    pauses = []
    turns = time.turns(parallel=4, calls_per_minute=60, pause=pauses.append)
    threads = [threading.Thread(target=take, args=(turns, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(pauses) == list(range(1, 100))


def test_no_more_requests_are_under_way_than_allowed(time):
    turns, both = time.turns(parallel=2), threading.Barrier(2, timeout=10)
    running, most, lock = 0, 0, threading.Lock()

    def ask():
        nonlocal running, most
        with turns.turn():
            with lock:
                running += 1
                most = max(most, running)
            both.wait()
            with lock:
                running -= 1

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 2


def test_every_request_waits_when_sap_asks_to_be_left_alone(time):
    pauses = []
    turns = time.turns(pause=pauses.append)
    turns.leave_alone(7)

    take(turns, times=2)

    assert pauses == [7, 7]


def test_a_request_that_is_waiting_already_waits_on(time):
    """Another thread was told to, after this one had begun to wait for its turn."""

    def pause(seconds):
        time.pause(seconds)
        if len(time.pauses) == 1:
            turns.leave_alone(5)

    turns = time.turns(calls_per_minute=60, pause=pause)

    take(turns, times=2)

    assert time.pauses == [1, 5]


def test_a_pause_that_is_too_long_is_not_made(time):
    turns = time.turns()
    turns.leave_alone(3600)

    with pytest.raises(SAPUnavailable, match="left alone"):
        take(turns)

    assert (turns.closed, time.pauses) == (True, [])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Mon, 05 Jan 2026 09:30:20 GMT"}, 20),
        (
            {
                "Retry-After": "Mon, 05 Jan 2026 11:00:20 GMT",
                "Date": "Mon, 05 Jan 2026 11:00:00 GMT",
            },
            20,
        ),
        ({"Retry-After": "Mon, 05 Jan 2026 09:29:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date_by_the_servers_clock(headers, seconds):
    assert retry_after(headers, now=NOW) == seconds


def learned(size, *answers):
    """`rows` after answers of (rows, seconds) to questions for as many as wanted."""
    for got, seconds in answers:
        size.learn(asked=size.rows, got=got, seconds=seconds)
    return size.rows


def test_half_is_asked_for_after_a_slow_answer():
    assert learned(PageSize(200), (200, 10.1)) == 100


def test_fewer_than_sap_itself_sends_are_never_asked_for():
    assert learned(PageSize(200), *[(200, 60)] * 9) == 20


def test_a_setting_below_that_stands():
    assert learned(PageSize(5), (5, 60)) == 5


def test_quick_full_pages_grow_back_to_the_setting_and_no_further():
    assert learned(PageSize(200), (200, 30), (100, 30), (50, 1)) == 100
    assert learned(PageSize(200), (200, 30), (100, 1), (200, 1)) == 200


def test_a_quick_page_that_was_not_full_proves_nothing():
    assert learned(PageSize(200), (200, 30), (99, 0.1)) == 100


def test_an_answer_in_between_changes_nothing():
    assert learned(PageSize(200), (200, 30), (100, 5)) == 100


def test_two_slow_answers_that_were_under_way_together_count_once():
    size = PageSize(200)

    size.learn(asked=200, got=200, seconds=30)
    size.learn(asked=200, got=200, seconds=30)

    assert size.rows == 100


def test_sizes_settle_where_sap_answers_in_time():
    """At 0.1 s a row and one of latency, neither up nor down for ever."""
    size = PageSize(1000)

    sizes = [learned(size, (size.rows, 1 + size.rows * 0.1)) for _ in range(20)]

    assert set(sizes[-10:]) == {62}


def test_what_was_too_much_at_once_is_asked_for_by_half():
    size = PageSize(200)

    asked = [200]
    for _ in range(5):
        asked.append(size.fewer_than(asked[-1]))

    assert asked == [200, 100, 50, 25, 20, 20]
    assert size.rows == 20


def test_too_much_of_a_few_keys_leaves_them_as_they_are():
    size = PageSize(200)

    assert (size.fewer_than(3), size.rows) == (3, 20)
