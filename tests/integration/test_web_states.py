"""What the pages say when something is wrong with an order, a company or a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ordermirror.models import Pending, Quarantine
from tests.integration.test_web_order import address, words
from tests.web_builders import make_company, make_order, make_read, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_ten")]
NOW = datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=30)


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False):
        yield


def text_of(response):
    assert response.status_code == 200
    return words(response.content.decode())


def set_aside(order, reason="line 3 has no quantity."):
    return Quarantine.objects.create(
        company=order.company, doc_entry=order.doc_entry, stage="decode", reason=reason,
        payload_hash=1, first_seen_at=SINCE, last_seen_at=NOW, retry_at=NOW,
    )  # fmt: skip


def owe(order, probe):
    Pending.objects.create(
        company=order.company, doc_entry=order.doc_entry, probe=probe, found_at=NOW
    )


def test_conflict_is_said_in_red_on_every_page(admin_client):
    order, run = make_order(), make_run()
    company = make_company()
    company.conflict, company.conflict_at = "the company's <b>name changed", SINCE
    company.save()

    pages = ["/orders/", address(order), "/runs/", f"/runs/{run.pk}/"]
    texts = {page: text_of(admin_client.get(page)) for page in pages}

    told = (
        "OrderMirror has stopped writing: the company&#x27;s &lt;b&gt;name changed "
        "(SBODEMO, since 09:39). What you see is the last good state. "
        "Run ordermirror company on the server."
    )
    assert [page for page in pages if told not in texts[page]] == []


def test_without_conflict_nothing_is_said_of_one(admin_client):
    make_run()

    assert "stopped writing" not in text_of(admin_client.get("/orders/"))


def test_order_page_speaks_of_its_own_company(admin_client):
    make_run(company_db="SBODEMO")
    order = make_order(company_db="SBODEMO")
    bad = make_company("SBOBAD")
    bad.conflict, bad.conflict_at = "another company answers", SINCE
    bad.save()

    assert "stopped writing" not in text_of(admin_client.get(address(order)))
    assert "stopped writing" in text_of(admin_client.get("/orders/"))


def test_order_that_sap_no_longer_shows_is_marked_on_list_and_page(admin_client):
    order = make_order()
    read = make_read(order, read_at=NOW)
    read.missing_since = SINCE
    read.save()

    texts = [text_of(admin_client.get(page)) for page in ("/orders/", address(order))]

    assert all("missing in SAP since 09:39" in text for text in texts)


def test_order_that_is_set_aside_says_why_and_since_when(admin_client):
    order = make_order()
    set_aside(order, "line 3 has no <quantity>.")

    text = text_of(admin_client.get(address(order)))

    assert (
        "SAP's newest version could not be taken: line 3 has no &lt;quantity&gt; , since 09:39. "
        "The last good version is shown." in text.replace("&#x27;", "'")
    )


def test_troubles_of_another_order_are_not_told(admin_client):
    set_aside(make_order())
    owe(make_order(), "changed")

    text = text_of(admin_client.get(address(make_order())))

    assert "could not be taken" not in text
    assert "newer version" not in text


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        ("changed", "a newer version is on its way"),
        ("open", "a newer version is on its way"),
        ("hint", "will be read again by the next refresh"),
        ("confirm", "will be read again by the next refresh"),
    ],
)
def test_order_that_is_owed_a_read_says_so(admin_client, probe, told):
    order = make_order()
    owe(order, probe)

    assert told in text_of(admin_client.get(address(order)))


@pytest.mark.parametrize(("found", "told"), [(0, False), (1234, True)])
def test_run_page_tells_what_only_the_audit_saw(admin_client, found, told):
    run = make_run(silent_changes=found)

    text = text_of(admin_client.get(f"/runs/{run.pk}/"))

    assert ("only the audit saw 1,234" in text) is told
    assert ("only the audit saw" in text) is told
