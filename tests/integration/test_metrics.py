"""What /metrics tells, read with Prometheus' own parser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from ordermirror import __version__
from ordermirror.lease import held
from ordermirror.models import Lease, Pending, Quarantine
from tests.web_builders import (
    make_company,
    make_line,
    make_order,
    make_person,
    make_read,
    make_reconciliation,
    make_run,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_ten")]
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
TOKEN = "0123456789abcdef"
DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/ordermirror.json"


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def with_token(settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, metrics_token=TOKEN)


def families(client, **headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return list(text_string_to_metric_families(response.content.decode()))


def samples(client):
    """Values by the metric's name without prefix and the labels' values."""
    return {
        (sample.name.removeprefix("ordermirror_"), *sample.labels.values()): sample.value
        for family in families(client)
        for sample in family.samples
    }


def told(client, wanted):
    found = samples(client).items()
    return {tuple(labels): value for (name, *labels), value in found if name == wanted}


def test_age_and_last_success_are_those_of_the_newest_complete_run(client):
    make_run(age=timedelta(minutes=4))
    make_run(age=timedelta(minutes=1), outcome="failed")

    found = samples(client)

    assert found["last_success_timestamp_seconds", "SBODEMO"] == NOW.timestamp() - 240
    assert found["data_age_seconds", "SBODEMO"] == 240
    assert found["data_age_limit_seconds", "SBODEMO"] == 600
    assert found["stale", "SBODEMO"] == 0


def test_data_older_than_two_intervals_is_stale(client):
    make_run(age=timedelta(minutes=11))

    assert told(client, "stale") == {("SBODEMO",): 1}


def test_a_company_without_a_complete_run_has_no_age_and_is_stale(client):
    make_company()

    found = samples(client)

    assert ("data_age_seconds", "SBODEMO") not in found
    assert found["stale", "SBODEMO"] == 1


def test_the_last_run_is_told_with_its_costs_and_outcome(client):
    make_run(age=timedelta(minutes=9), seconds=99.0)
    make_run(outcome="incomplete", statements=12, rows_written=7, silent_changes=2)

    found = samples(client)

    values = {name: value for (name, *_), value in found.items() if name.startswith("last_run_")}
    assert values | {"last_run_outcome": None} == {
        "last_run_timestamp_seconds": NOW.timestamp() - 120,
        "last_run_duration_seconds": 3.0,
        "last_run_requests": 17,
        "last_run_received_bytes": 2_200_000,
        "last_run_statements": 12,
        "last_run_rows_written": 7,
        "last_run_silent_changes": 2,
        "last_run_retries": 0,
        "last_run_outcome": None,
    }
    assert told(client, "last_run_outcome") == {
        ("SBODEMO", "complete"): 0,
        ("SBODEMO", "incomplete"): 1,
        ("SBODEMO", "failed"): 0,
    }


def test_a_probe_that_was_put_twice_is_added_up(client):
    by_key = {"probe": "by_key", "requests": 2, "rows": 5, "complete": True, "problem": ""}
    make_run(
        probes=[by_key, by_key | {"complete": False}, {"probe": "open", "requests": 1, "rows": 9}]
    )

    found = samples(client)

    assert found["last_run_probe_requests", "SBODEMO", "by_key"] == 4
    assert found["last_run_probe_rows", "SBODEMO", "by_key"] == 10
    assert found["last_run_probe_complete", "SBODEMO", "by_key"] == 0
    assert ("last_run_probe_complete", "SBODEMO", "open") not in found


def test_audit_tells_the_open_order_that_was_read_longest_ago(client):
    for doc_entry, hours, status in ((1, 3, "open"), (2, 9, "open"), (3, 40, "closed")):
        order = make_order(doc_entry=doc_entry, document_status=status)
        make_read(order, read_at=NOW - timedelta(hours=hours))
    set_aside = {"stage": "decode", "reason": "", "payload_hash": 1, "retry_at": NOW}
    Quarantine.objects.create(
        company=order.company, doc_entry=2, first_seen_at=NOW, last_seen_at=NOW, **set_aside
    )

    assert told(client, "audit_oldest_open_seconds") == {("SBODEMO",): 3 * 3600}


def test_a_company_without_open_orders_has_no_audit_to_tell_of(client):
    make_company()

    assert told(client, "audit_oldest_open_seconds") == {}


def test_phases_of_the_last_run_are_told(client):
    make_run(phases={"write": 0.25, "waiting for SAP": 1.5})

    assert told(client, "last_run_phase_seconds") == {
        ("SBODEMO", "write"): 0.25,
        ("SBODEMO", "waiting for SAP"): 1.5,
    }


def test_hits_and_misses_of_the_cache_are_told(client):
    make_run(manufacturers={"hits": 40, "misses": 2})

    assert told(client, "last_run_cache_hits") == {("SBODEMO",): 40}
    assert told(client, "last_run_cache_misses") == {("SBODEMO",): 2}


def test_runs_of_the_last_day_are_counted_by_outcome(client):
    for hours in (1, 2, 23, 25):
        make_run(age=timedelta(hours=hours), silent_changes=hours)
    make_run(age=timedelta(hours=3), outcome="busy")

    assert told(client, "runs_last_day") == {
        ("SBODEMO", "complete"): 3,
        ("SBODEMO", "incomplete"): 0,
        ("SBODEMO", "failed"): 0,
        ("SBODEMO", "busy"): 1,
    }
    assert told(client, "silent_changes_last_day") == {("SBODEMO",): 26}


def test_orders_are_counted_by_what_they_are_listed_as(client):
    for status in ("open", "open", "closed"):
        make_order(document_status=status)
    make_order(company_db="SBOTWO", cancelled=True)

    assert told(client, "orders") == {
        ("SBODEMO", "open"): 2,
        ("SBODEMO", "closed"): 1,
        ("SBOTWO", "cancelled"): 1,
    }


def test_what_waits_and_what_is_set_aside_is_counted(client):
    company = make_company()
    make_company("SBOTWO")
    for entry in (1, 2):
        Pending.objects.create(company=company, doc_entry=entry, probe="changed", found_at=NOW)
    Quarantine.objects.create(
        company=company, doc_entry=3, stage="decode", reason="bad", payload_hash=1,
        first_seen_at=NOW, last_seen_at=NOW, retry_at=NOW,
    )  # fmt: skip

    assert told(client, "pending_orders") == {("SBODEMO",): 2, ("SBOTWO",): 0}
    assert told(client, "quarantined_orders") == {("SBODEMO",): 1, ("SBOTWO",): 0}


def test_a_lease_is_told_while_it_is_held(client):
    company = make_company()
    with held(company.pk) as lease:
        Lease.objects.update(expires_at=NOW + timedelta(minutes=4))
        during = samples(client)

    after = samples(client)

    assert (during["lease_held", "SBODEMO"], during["lease_idle_seconds", "SBODEMO"]) == (1, 60)
    assert after["lease_held", "SBODEMO"] == 0
    assert ("lease_idle_seconds", "SBODEMO") not in after
    assert after["leases_taken_total", "SBODEMO"] == lease.fence


def test_a_run_under_way_is_told_with_its_length(client):
    make_run(outcome="running", age=timedelta(seconds=90))

    assert told(client, "run_in_progress_seconds") == {("SBODEMO",): 90}


def test_a_stopped_company_is_told_and_stale(client):
    company = make_company()
    make_run()
    company.conflict, company.conflict_at = "another company answers", NOW
    company.save()

    found = samples(client)

    assert (found["writing_stopped", "SBODEMO"], found["stale", "SBODEMO"]) == (1, 1)


def test_every_metric_is_named_as_prometheus_wants_and_explained(client):
    make_order()
    make_run(probes=[{"probe": "open", "requests": 1, "rows": 9, "bytes": 5, "seconds": 0.5}])

    found = families(client)

    assert [family.name for family in found if not family.documentation] == []
    assert [family.name for family in found if not family.name.startswith("ordermirror_")] == []
    counters = {family.name for family in found if family.type == "counter"}
    totals = {
        family.name for family in found for it in family.samples if it.name.endswith("_total")
    }
    assert totals <= counters


def test_the_version_is_told(client):
    assert told(client, "build_info") == {(__version__,): 1}


def test_open_metrics_are_told_to_who_accepts_them(client):
    make_run()

    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert response["Content-Type"].startswith("application/openmetrics-text")
    found = [family.name for family in open_metrics_families(response.content.decode())]
    assert "ordermirror_data_age_seconds" in found


def test_a_scrape_costs_the_same_few_statements_for_any_number_of_companies(client):
    def statements():
        with CaptureQueriesContext(connection) as executed:
            families(client)
        return len(executed)

    make_run()
    with_one = statements()
    for name in ("SBOTWO", "SBOTHREE"):
        make_order(company_db=name)
        make_run(company_db=name)

    assert (with_one, statements()) == (8, 8)


def test_the_newest_reconciliation_is_told(client):
    make_run()
    make_run(company_db="SBOTWO")
    make_reconciliation(at=NOW - timedelta(days=1), differing=5)
    make_reconciliation(at=NOW - timedelta(minutes=3), differing=2)

    assert told(client, "reconciliation_difference_orders") == {("SBODEMO",): 2}
    assert told(client, "reconciliation_age_seconds") == {("SBODEMO",): 180}


def test_no_name_of_customer_item_or_person_is_told(client):
    make_line(make_order(card_name="Canary Trading", card_code="CANARY", comments="canary"),
              item_code="CANARY", item_description="canary")  # fmt: skip
    make_person(name="Canary Person")
    make_run(outcome="failed", problem="SAP refused the login of canary")

    assert "canary" not in client.get("/metrics").content.decode().lower()


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("sent", ["", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_with_a_token_set_nobody_sees_figures_without_it(client, sent):
    response = client.get("/metrics", headers={"Authorization": sent} if sent else {})

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert b"ordermirror_" not in response.content


@pytest.mark.usefixtures("with_token")
def test_the_token_opens_figures_from_anywhere(client):
    response = client.get(
        "/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": f"Bearer {TOKEN}"}
    )

    assert response.status_code == 200


def test_without_a_token_figures_stay_on_this_machine(client):
    response = client.get("/metrics", REMOTE_ADDR="192.0.2.7")

    assert (response.status_code, b"ORDERMIRROR_METRICS_TOKEN" in response.content) == (403, True)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_on_this_machine_is_not_this_machine(client, header):
    assert client.get("/metrics", headers={header: "192.0.2.7"}).status_code == 403


def test_behind_a_public_address_a_token_is_needed(client, settings):
    settings.ORDERMIRROR = replace(settings.ORDERMIRROR, public_url="https://orders.example.com")

    assert client.get("/metrics").status_code == 403


def test_figures_are_read_only(client):
    assert client.post("/metrics").status_code == 405


def test_the_dashboard_asks_only_for_what_is_told(client):
    make_order()
    company = make_run(probes=[{"probe": "open", "requests": 1}], phases={"write": 1}).company
    with held(company.pk):
        names = {sample.name for family in families(client) for sample in family.samples}

    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = re.findall(r"ordermirror_\w+", json.dumps([it["targets"] for it in panels]))

    assert len(asked) > len(panels)
    assert set(asked) - names == set()
