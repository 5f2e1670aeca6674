"""Refreshes by Celery: real workers, a real broker, and what strikes them."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager

import msgspec
import pytest

from ordermirror.sandbox import Sandbox, SandboxOptions
from tests import oracle
from tests.acceptance import brokers, fence_log, servers
from tests.acceptance.celery_site import DOUBLED, celery_site, is_of, kill_one, wait_until
from tests.acceptance.support import Installation, kill_session
from tests.oracle import without_removed
from tests.support import EVERY_EVENT, TODAY

NAME = "mirror"
ENGINES = [name for name, kind in servers.SERVERS.items() if not kind.missing()]
COMPANIES, WORKERS = 20, 4
STRIKES = int(os.environ.get("STRIKES", "8"))
ADD = """
from ordermirror import registry
for number in range({number}):
    registry.add(f"C{{number:02}}", {{"sap_company_db": "SBODEMO"}})
"""
FRESH = """
SELECT COUNT(DISTINCT company_id) FROM ordermirror_syncrun
WHERE outcome = 'complete' AND id > {after}
"""
pytestmark = [
    pytest.mark.skipif(not ENGINES, reason="no server database can be started here"),
    pytest.mark.one_database(reason="these start the servers that they run on"),
]


@contextmanager
def database(engine):
    with servers.running(servers.SERVERS[engine]) as made:
        made.engine = engine
        made.create(NAME)
        yield made


@pytest.fixture
def server():
    with database(ENGINES[0]) as made:
        yield made


@pytest.fixture
def another_server(broker):
    """Each broker with another one."""
    with database(ENGINES[list(brokers.BROKERS).index(broker.name) % len(ENGINES)]) as made:
        yield made


@pytest.fixture(scope="module", params=brokers.BROKERS)
def broker(request, tmp_path_factory):
    """Started once: RabbitMQ takes its time."""
    with brokers.running(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture
def sandbox():
    options = SandboxOptions(orders=12, max_lines=4, seed=3, today=TODAY, bump_on=EVERY_EVENT)
    made = Sandbox(options)
    with made.serving() as address:
        made.url = address.url(2)
        yield made


def installed(tmp_path, sandbox, server, *, companies):
    """An installation with so many companies that are refreshed every five seconds."""
    made = Installation(tmp_path, sandbox.url)
    made.variables |= {
        "ORDERMIRROR_DATABASE_URL": server.url(NAME),
        "ORDERMIRROR_SAP_COMPANY_DB": "",
        "ORDERMIRROR_EVERY": "5s",
    }
    migrated = made.command("migrate")
    assert migrated.returncode == 0, migrated.stderr
    made.shell(ADD.format(number=companies))
    return made


def last_run(server):
    [(newest,)] = server.query("SELECT MAX(id) FROM ordermirror_syncrun", database=NAME)
    return newest or 0


def wait_until_fresh(site, server, *, companies):
    """Each company has been refreshed whole by a run that began after now."""
    after = last_run(server)

    def fresh():
        return server.query(FRESH.format(after=after), database=NAME) == [(companies,)]

    wait_until(fresh, told=lambda: site.log.read_text(encoding="utf-8")[-5000:])


def test_workers_refresh_every_company_and_store_no_results(broker, tmp_path, sandbox, server):
    installation = installed(tmp_path, sandbox, server, companies=2)

    with celery_site(installation, broker.url) as site:
        site.beat()
        worker = site.worker()
        wait_until_fresh(site, server, companies=2)
        wait_until_fresh(site, server, companies=2)
        worker.terminate()

        assert worker.wait(30) == 0
        log = site.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    busy = "SELECT COUNT(*) FROM ordermirror_syncrun WHERE outcome <> 'complete'"
    assert server.query(busy, database=NAME) == [(0,)]


def test_killed_workers_and_a_broker_that_restarts_lose_nothing(
    broker, tmp_path, sandbox, another_server, capsys
):
    server, begun = another_server, time.monotonic()
    installation = installed(tmp_path, sandbox, server, companies=COMPANIES)
    fence_log.install(server.engine, lambda sql: server.query(sql, database=NAME))
    dice = random.Random(f"{server.engine}:5")

    with celery_site(installation, broker.url, app=DOUBLED) as site:
        site.beat()
        workers = [site.worker() for _ in range(WORKERS)]
        wait_until_fresh(site, server, companies=COMPANIES)
        for strike in range(STRIKES):
            sandbox.business(events=2)
            place, pid = holder(server, workers, dice)
            if dice.random() < 0.5:
                kill_one(pid)
            else:
                kill_session(workers[place])
                workers[place] = site.worker()
            if strike == STRIKES // 2:
                broker.kill()
                broker.start()
        wait_until_fresh(site, server, companies=COMPANIES)

    log = server.query("SELECT company, fence, run FROM fence_log ORDER BY id", database=NAME)
    for company in {row[0] for row in log}:
        assert not fence_log.stale([row[1:] for row in log if row[0] == company])
    expected = {it["DocEntry"]: oracle.expected(it) for it in sandbox.orders()}
    found = mirrors(installation)
    assert len(found) == COMPANIES
    assert all(mirror == expected for mirror in found)
    [(runs,)] = server.query("SELECT COUNT(*) FROM ordermirror_syncrun", database=NAME)
    [(killed,)] = server.query(
        "SELECT COUNT(*) FROM ordermirror_syncrun WHERE problem LIKE '%without a word%'",
        database=NAME,
    )
    [(busy,)] = server.query(
        "SELECT COUNT(*) FROM ordermirror_syncrun WHERE outcome = 'busy'", database=NAME
    )
    assert killed > 0
    with capsys.disabled():
        took = time.monotonic() - begun
        told = f"{STRIKES} strikes, {runs} runs, {killed} of them killed and {busy} turned away"
        print(f"\n{broker.name}, {server.engine}: {told}, {took:.0f} seconds")  # noqa: T201


def holder(server, workers, dice):
    """Of a run under way: its worker's place, and the process in which it is."""
    while True:
        held = server.query(
            "SELECT holder FROM ordermirror_lease WHERE holder <> ''", database=NAME
        )
        running = []
        for (name,) in held:
            pid = int(name.rpartition(":")[2])
            places = [place for place, it in enumerate(workers) if is_of(it, pid)]
            running += [(place, pid) for place in places]
        if running:
            return dice.choice(running)


def mirrors(installation):
    """What each company's mirror holds, by DocEntry."""
    script = """
import msgspec
from ordermirror.export import exported_orders
from ordermirror.models import Company
for company in Company.objects.all():
    print(msgspec.json.encode(list(exported_orders(company.pk))).decode())
"""
    lists = [msgspec.json.decode(line) for line in installation.shell(script).splitlines()]
    return [{order["doc_entry"]: without_removed(order) for order in it} for it in lists]


def test_a_worker_does_not_begin_on_sqlite(tmp_path):
    installation = Installation(tmp_path, "http://127.0.0.1:1/b1s/v2")
    installation.command("migrate")

    with celery_site(installation, "redis://127.0.0.1:1/0") as site:
        worker = site.worker()

        assert worker.wait(60) != 0
        assert "ordermirror.E001" in site.log.read_text(encoding="utf-8")


def test_doctor_says_that_celery_needs_a_server(tmp_path):
    installation = Installation(tmp_path, "http://127.0.0.1:1/b1s/v2")
    installation.variables["ORDERMIRROR_BROKER_URL"] = "redis://127.0.0.1:1/0"

    told = installation.command("doctor")

    assert "workers on several machines can't share" in " ".join(told.stdout.split())
