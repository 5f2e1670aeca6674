"""Manufacturers of items that processes remember together in Redis, and a Redis that fails them."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest

from ordermirror.core.plan import Plan
from ordermirror.store.remembering import TRY_AGAIN_SECONDS, OwnMemory, RedisMemory, WithFallback
from tests.acceptance import brokers
from tests.support import lines_agree

pytestmark = pytest.mark.one_database(reason="where manufacturers are remembered is no database")
WARNING = "in this process alone"
EVERY_RUN = Plan(items_every=timedelta(0))


@pytest.fixture
def redis(tmp_path):
    """A server of the test's own. Where none can be started that is told, and fails in CI."""
    with brokers.running("redis", tmp_path) as server:
        yield server


def touch(sandbox, orders=20):
    """Lines of these orders are written again, so their manufacturers are looked up."""
    sandbox.advance(timedelta(seconds=1))
    for order in sandbox.orders()[:orders]:
        text = f"{order['DocumentLines'][0].get('FreeText') or ''}+"
        lines = [line | {"FreeText": text} for line in order["DocumentLines"]]
        sandbox.edit(order["DocEntry"], DocumentLines=lines)


def hand_over(sandbox, manufacturer):
    """The first order's first item is made by another one from now on; its code."""
    code = sandbox.orders()[0]["DocumentLines"][0]["ItemCode"]
    sandbox.edit_row("Items", code, Manufacturer=manufacturer)
    return code


def manufacturers_shown(installation, code):
    return installation.shell(
        "from ordermirror.models import OrderLine;"
        f"lines = OrderLine.objects.filter(item_code={code!r}, removed_at=None);"
        "print(sorted(set(lines.values_list('manufacturer_code', flat=True))))"
    ).strip()


def test_what_one_process_has_looked_up_another_one_need_not(installation, sandbox, redis):
    installation.variables["ORDERMIRROR_CACHE_URL"] = redis.url
    installation.sync()
    touch(sandbox)

    other = installation.sync()

    assert other["outcome"] == "complete"
    assert other["manufacturers"]["hits"] > 0
    assert other["manufacturers"]["misses"] == 0


def test_what_another_process_has_changed_is_not_recalled(installation, sandbox, redis):
    installation.variables["ORDERMIRROR_CACHE_URL"] = redis.url
    installation.sync()
    code = hand_over(sandbox, 3)
    installation.sync("--full")
    touch(sandbox)

    third = installation.sync()

    assert third["outcome"] == "complete"
    assert manufacturers_shown(installation, code) == "[3]"


class EndsAfterRecall(RedisMemory):
    """Its server is killed between what is recalled and what is remembered."""

    server = None

    def recall(self, version, item_codes):
        recalled = super().recall(version, item_codes)
        self.server.kill()
        return recalled


def test_a_redis_that_is_killed_in_the_middle_of_a_run_costs_a_warning(mirror, redis, caplog):
    shared = EndsAfterRecall(redis.url)
    shared.server = redis
    memory = WithFallback(shared, OwnMemory())

    first = mirror.sync(memory=memory)
    touch(mirror.sandbox)
    second = mirror.sync(memory=memory)

    assert (first.outcome, second.outcome) == ("complete", "complete")
    assert lines_agree(mirror)
    assert caplog.text.count(WARNING) == 1


@pytest.fixture
def mute():
    """The address of a server that takes connections in and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def test_a_redis_that_never_answers_is_not_waited_for(mirror, mute, caplog):
    memory = WithFallback(RedisMemory(mute), OwnMemory())

    first = mirror.sync(memory=memory)
    touch(mirror.sandbox)
    second = mirror.sync(memory=memory)

    assert (first.outcome, second.outcome) == ("complete", "complete")
    assert lines_agree(mirror)
    assert caplog.text.count(WARNING) == 1


def test_a_redis_that_comes_back_is_used_again(mirror, redis, caplog):
    now = [0.0]
    memory = WithFallback(RedisMemory(redis.url), OwnMemory(), clock=lambda: now[0])
    redis.kill()
    mirror.sync(memory=memory)
    redis.start()
    now[0] += TRY_AGAIN_SECONDS
    touch(mirror.sandbox)
    mirror.sync(memory=memory)
    hand_over(mirror.sandbox, 3)
    touch(mirror.sandbox)

    mirror.sync(memory=memory, plan=EVERY_RUN)

    touch(mirror.sandbox)
    other = mirror.sync(memory=RedisMemory(redis.url))
    assert other.manufacturers["hits"] > 0
    assert lines_agree(mirror)
    assert caplog.text.count(WARNING) == 1
