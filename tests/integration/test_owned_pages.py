"""Notes, decisions and revised prices on an order's page, and asking for a refresh there."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ordermirror.models import Pending
from ordermirror.owned.models import Approval, LinePrice, OrderNote
from ordermirror.owned.writing import Basis, By, add_note, decide, revise_price
from tests.integration.test_web_order import words
from tests.web_builders import make_change, make_line, make_order, make_read, make_run

pytestmark = pytest.mark.django_db
FORMS = ("notes", "approval", "lines/0/price")


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


@pytest.fixture
def amal(client, django_user_model):
    """Somebody who may see orders and nothing else."""
    user = django_user_model.objects.create_user("amal", password="right-password")
    client.force_login(user)
    return user


@pytest.fixture
def order():
    order = make_order(doc_total=Decimal(1050))
    make_line(order)
    make_read(order, read_at=timezone.now())
    return order


def allow(user, *codes):
    user.user_permissions.add(*Permission.objects.filter(codename__in=codes))


def address(order, form=""):
    path = reverse("order", args=(order.company.company_db, order.doc_entry))
    return f"{path}{form}/" if form else path


def by(person="omar"):
    return By(person, timezone.now())


def decided(order, state="approved", person="omar", *, seen=0, total=Decimal(1050)):
    basis = Basis(total, "AED", 1)
    assert decide(order.pk, state, "", by(person), basis=basis, seen=seen)


def priced(order, price="95", person="omar", *, item="I0000", currency="AED", seen=0):
    assert revise_price(
        order.pk, 0, price and Decimal(price), by(person), item_code=item, currency=currency,
        seen=seen,
    )  # fmt: skip


def price_form(price, *, item="I0000", currency="AED", seen=0):
    return {"price": price, "item_code": item, "currency": currency, "seen": seen}


def approval_form(state="approved", *, seen=0, document=1, remark=""):
    return {"state": state, "seen": seen, "document": document, "remark": remark}


def text_of(response):
    return words(response.content.decode())


# What stands on the page


def test_notes_stand_newest_first_with_who_and_when(client, amal, order):
    add_note(order.pk, "First", by("omar"))
    add_note(order.pk, "Second", by("lina"))

    text = text_of(client.get(address(order)))

    assert text.index("Second") < text.index("First")
    assert "lina" in text


def test_what_people_wrote_is_escaped(client, amal, order):
    add_note(order.pk, "<script>n", by("<script>a"))
    decide(order.pk, "approved", "<script>r", by("<b>"), basis=Basis(None, "", 1), seen=0)
    priced(order, item="<script>i", person="<script>p")

    html = client.get(address(order)).content.decode()

    assert "<script>" not in html.partition("<body>")[2]


def test_decision_tells_which_total_it_was_about(client, amal, order):
    decided(order, total=Decimal(900))

    text = text_of(client.get(address(order)))

    assert "Decided when the total was 900.00 AED; it is 1,050.00 AED now." in text


def test_decision_about_an_order_that_changed_otherwise_says_so(client, amal, order):
    decide(order.pk, "approved", "", by(), basis=Basis(Decimal(1050), "AED", 99), seen=0)

    assert "The order has changed since" in text_of(client.get(address(order)))


def test_decision_about_an_unchanged_order_says_nothing_of_changes(client, amal, order):
    decided(order)

    text = text_of(client.get(address(order)))

    assert "by omar" in text
    assert "changed since" not in text
    assert "Decided when" not in text


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({}, ""),
        ({"item": "OLD-1"}, "entered for OLD-1; the line is I0000 now"),
        ({"currency": "USD"}, "entered in USD; the order is in AED now"),
    ],
)
def test_price_is_set_apart_when_it_was_entered_for_something_else(
    client, amal, order, entered, told
):
    priced(order, **entered)

    text = text_of(client.get(address(order)))

    assert ("not applied" in text, "revised" in text) == (bool(told), not told)
    assert told in text


def test_detached_price_is_not_offered_again_for_the_new_item(client, amal, order):
    allow(amal, "change_lineprice")
    priced(order, "77.5", item="OLD-1")

    html = client.get(address(order)).content.decode()

    assert 'name="price" value=""' in html


def test_price_that_was_taken_back_is_not_shown(client, amal, order):
    priced(order)
    priced(order, None, seen=1)

    assert "omar" not in text_of(client.get(address(order)))


# Who may do what


def test_without_permission_no_form_is_shown(client, amal, order):
    html = client.get(address(order)).content.decode()

    assert [form for form in FORMS if f"/{form}/" in html] == []


def test_each_permission_shows_its_form(client, amal, order):
    group = Group.objects.create(name="sales")
    group.permissions.add(Permission.objects.get(codename="add_ordernote"))
    amal.groups.add(group)
    allow(amal, "change_approval", "change_lineprice")

    html = client.get(address(order)).content.decode()

    assert [form for form in FORMS if f"/{form}/" in html] == list(FORMS)


def test_closed_and_removed_lines_offer_no_price(admin_client):
    order = make_order()
    make_line(order, line_num=0, line_status="closed")
    make_line(order, line_num=1, removed_at=timezone.now())

    assert "/price/" not in admin_client.get(address(order)).content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_sending_without_permission_is_refused(client, amal, order, form):
    others = {"add_ordernote", "change_approval", "change_lineprice"}
    own = dict(zip(FORMS, ("add_ordernote", "change_approval", "change_lineprice"), strict=True))
    allow(amal, *others - {own[form]})

    response = client.post(address(order, form), {"text": "x"} | approval_form() | price_form("1"))

    assert response.status_code == 403
    assert not any(model.objects.exists() for model in (OrderNote, Approval, LinePrice))


@pytest.mark.parametrize("form", [*FORMS, "refresh"])
def test_sending_without_the_csrf_token_is_refused(admin_user, order, form):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)

    response = strict.post(address(order, form), {"text": "x"} | approval_form() | price_form("1"))

    assert response.status_code == 403
    assert not OrderNote.objects.exists()
    assert not Pending.objects.exists()


@pytest.mark.parametrize("form", [*FORMS, "refresh"])
def test_sending_without_login_leads_to_the_login(client, order, form):
    response = client.post(address(order, form), {"text": "x"})

    assert response["Location"] == f"/login/?next={address(order, form)}"


@pytest.mark.parametrize("form", [*FORMS, "refresh"])
def test_address_of_a_form_leads_to_the_order_when_it_is_opened(admin_client, order, form):
    response = admin_client.get(address(order, form))

    assert response["Location"] == address(order)
    assert not Pending.objects.exists()


# What is sent


def test_note_is_added_and_the_page_comes_back(client, amal, order):
    allow(amal, "add_ordernote")

    response = client.post(f"{address(order, 'notes')}?q=acme", {"text": " Call first "})

    assert response["Location"] == f"{address(order)}?q=acme#decisions-title"
    assert (response.status_code, OrderNote.objects.get().text) == (302, "Call first")
    assert OrderNote.objects.get().author == "amal"
    assert "The note was added." in text_of(client.get(address(order)))
    assert "The note was added." not in text_of(client.get(address(order)))


@pytest.mark.parametrize(
    ("text", "told"),
    [("  ", "Write something first."), ("x" * 2001, "Use at most 2000 characters")],
)
def test_note_that_cannot_be_taken_comes_back_with_the_reason(admin_client, order, text, told):
    response = admin_client.post(address(order, "notes"), {"text": text})

    assert response.status_code == 422
    assert told in text_of(response)
    assert text.strip() in response.content.decode()
    assert not OrderNote.objects.exists()


def test_decision_remembers_what_it_was_about(client, amal, order):
    allow(amal, "change_approval")

    response = client.post(address(order, "approval"), approval_form(remark="As agreed"))

    decided = Approval.objects.get()
    assert response.status_code == 302
    assert (decided.state, decided.decided_by, decided.remark) == ("approved", "amal", "As agreed")
    assert (decided.doc_total, decided.doc_currency, decided.fingerprint) == (1050, "AED", 1)


def test_decision_made_on_an_older_one_is_refused_and_keeps_what_was_typed(admin_client, order):
    decided(order, "rejected", "omar")

    response = admin_client.post(address(order, "approval"), approval_form(remark="My reason"))

    assert response.status_code == 409
    assert "omar changed this meanwhile; nothing was saved. It is “Rejected” now." in text_of(
        response
    )
    assert "My reason" in response.content.decode()
    assert 'name="seen" value="1"' in response.content.decode()
    assert Approval.objects.get().state == "rejected"


def test_decision_about_an_order_that_changed_since_it_was_seen_is_refused(admin_client, order):
    response = admin_client.post(address(order, "approval"), approval_form(document=99))

    assert response.status_code == 409
    assert "SAP changed this order meanwhile" in text_of(response)
    assert not Approval.objects.exists()


def test_decision_can_be_sent_again_after_looking(admin_client, order):
    decided(order, "rejected")

    response = admin_client.post(address(order, "approval"), approval_form(seen=1))

    assert response.status_code == 302
    assert (Approval.objects.get().state, Approval.objects.get().version) == ("approved", 2)


@pytest.mark.parametrize("state", ["", "maybe"])
def test_decision_that_is_none_of_the_choices_comes_back(admin_client, order, state):
    response = admin_client.post(address(order, "approval"), approval_form(state))

    assert response.status_code == 422
    assert not Approval.objects.exists()


@pytest.mark.parametrize("price", ["0", "95", "95.123456", "999999999999.999999"])
def test_price_is_kept_exactly(admin_client, order, price):
    response = admin_client.post(address(order, "lines/0/price"), price_form(price))

    entered = LinePrice.objects.get()
    assert response["Location"] == f"{address(order)}#lines-title"
    assert (entered.price, entered.item_code) == (Decimal(price), "I0000")


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("-1", "A price is not negative."),
        ("1.1234567", "Use at most 6 decimals."),
        ("1,250.50", "Write a number such as 1250.50"),
        ("NaN", "Write a number such as 1250.50"),
        ("1e30", "This number is too large."),
        ("<script>", "Write a number such as 1250.50"),
    ],
)
def test_price_that_cannot_be_taken_comes_back_beside_its_field(admin_client, order, price, told):
    response = admin_client.post(address(order, "lines/0/price"), price_form(price))

    html = response.content.decode()
    assert response.status_code == 422
    assert told in words(html.partition('id="price-0-wrong"')[2])
    assert "<script>" not in html.partition("<body>")[2]
    assert not LinePrice.objects.exists()


def test_empty_price_takes_it_back(admin_client, order):
    priced(order)

    admin_client.post(address(order, "lines/0/price"), price_form("", seen=1))

    assert LinePrice.objects.get().price is None


def test_price_made_on_an_older_one_is_refused(admin_client, order):
    priced(order, "95", "omar")

    response = admin_client.post(address(order, "lines/0/price"), price_form("80"))

    assert response.status_code == 409
    assert "omar changed this meanwhile" in text_of(response)
    assert LinePrice.objects.get().price == 95


def test_price_taken_back_and_set_anew_meanwhile_is_not_mistaken_for_the_one_seen(
    admin_client, order
):
    priced(order)
    priced(order, None, seen=1)
    priced(order, "70", seen=2)

    response = admin_client.post(address(order, "lines/0/price"), price_form("80", seen=1))

    assert (response.status_code, LinePrice.objects.get().price) == (409, 70)


@pytest.mark.parametrize("seen", [{"item": "OLD-1"}, {"currency": "USD"}])
def test_fault_F12_price_for_an_item_that_the_line_no_longer_is_is_refused(
    admin_client, order, seen
):
    """The page was opened before a refresh exchanged the item; the price would hold for the new."""
    response = admin_client.post(address(order, "lines/0/price"), price_form("80", **seen))

    assert response.status_code == 409
    assert "SAP changed this line meanwhile" in text_of(response)
    assert not LinePrice.objects.exists()


def test_price_of_a_line_that_is_not_there_is_not_found(admin_client, order):
    assert admin_client.post(address(order, "lines/9/price"), price_form("1")).status_code == 404


@pytest.mark.parametrize("form", [*FORMS, "refresh"])
def test_form_of_an_unknown_order_is_not_found(admin_client, form):
    assert admin_client.post(f"/orders/SBODEMO/999/{form}/", {}).status_code == 404


# Asking SAP again


def test_anybody_may_ask_for_a_refresh(client, amal, order):
    response = client.post(address(order, "refresh"))

    owed = Pending.objects.get()
    assert response["Location"] == address(order)
    assert (owed.company, owed.doc_entry, owed.probe) == (order.company, order.doc_entry, "hint")
    assert "Asked. The next refresh, within 5 min, shows it." in text_of(client.get(address(order)))


def test_eleventh_ask_within_a_minute_is_put_off(client, amal, order):
    orders = [make_order() for _number in range(11)]

    for each in orders:
        client.post(address(each, "refresh"))

    assert Pending.objects.count() == 10
    assert "Please wait a minute" in text_of(client.get(address(order)))


def test_asks_are_counted_for_each_person(client, amal, admin_client, order):
    for _number in range(10):
        client.post(address(order, "refresh"))

    admin_client.post(address(make_order(), "refresh"))

    assert Pending.objects.count() == 2


# What it costs


@pytest.mark.parametrize("as_admin", [True, False])
def test_order_page_with_everything_on_it_takes_at_most_six_statements(
    client, admin_user, amal, order, django_assert_max_num_queries, as_admin
):
    allow(amal, "add_ordernote", "change_approval", "change_lineprice")
    client.force_login(admin_user if as_admin else amal)
    run = make_run()
    decided(order)
    priced(order)
    for number in range(20):
        add_note(order.pk, "x", by())
        make_line(order, line_num=number + 1)
        make_change(order, field="project", old="a", new="b", run=run)

    with django_assert_max_num_queries(6):
        html = client.get(address(order)).content.decode()

    assert [form for form in FORMS if f"/{form}/" in html] == list(FORMS)
