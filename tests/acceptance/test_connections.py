"""Connections to a server: kept from request to request, replaced when they died, pooled."""

from __future__ import annotations

import json

import pytest

from tests import oracle
from tests.acceptance.engines import FOUND

REQUESTS = """
import json
from django.core.signals import request_finished, request_started
from django.db import connection
from ordermirror.models import Company

on_postgresql = connection.vendor == "postgresql"
WHO = "SELECT pg_backend_pid()" if on_postgresql else "SELECT CONNECTION_ID()"
KILL = "SELECT pg_terminate_backend(%s)" if on_postgresql else "KILL %s"

other = connection.copy()
other.ensure_connection()

def request():
    request_started.send(sender=None)
    Company.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(WHO)
        number = cursor.fetchone()[0]
    request_finished.send(sender=None)
    return number

first, second = request(), request()
with other.cursor() as cursor:
    cursor.execute(KILL, [second])
print(json.dumps([first, second, request()]))
"""


@pytest.fixture
def postgresql():
    engine = next(engine for engine in FOUND if engine.name == "postgresql")
    with engine.database() as url:
        yield url


def test_a_connection_is_kept_and_one_that_died_is_replaced(installation, server):
    installation.variables["ORDERMIRROR_DATABASE_URL"] = server
    installation.command("migrate")

    first, second, third = json.loads(installation.shell(REQUESTS))

    assert first == second != third


def test_a_pooled_connection_is_kept_and_one_that_died_is_replaced(installation, postgresql):
    installation.variables["ORDERMIRROR_DATABASE_URL"] = postgresql
    installation.variables["ORDERMIRROR_DATABASE_POOL"] = "4"
    installation.command("migrate")

    first, second, third = json.loads(installation.shell(REQUESTS))
    pooled = installation.shell("from django.db import connection; print(connection.pool.max_size)")

    assert (first == second != third, pooled.strip()) == (True, "4")


def test_a_mirror_over_a_pool_equals_the_source(installation, sandbox, postgresql):
    installation.variables["ORDERMIRROR_DATABASE_URL"] = postgresql
    installation.variables["ORDERMIRROR_DATABASE_POOL"] = "2"
    installation.command("migrate")
    installation.sync()
    sandbox.business(events=20)

    done = installation.command("sync")

    assert (done.returncode, done.stderr) == (0, "")
    assert installation.exported() == oracle.expected_of(sandbox)
