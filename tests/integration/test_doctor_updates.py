"""`--probe-updates` with a person who really acts in the sandbox between two answers."""

from __future__ import annotations

from contextlib import closing

import pytest

from ordermirror.doctor import sap, updates
from ordermirror.doctor.updates import CANCEL, EDIT, PART, REST, NoSuchOrder, Verdict
from ordermirror.sandbox import Sandbox, SandboxOptions
from tests.doctored import LIFE, access, happen, untouched_orders
from tests.support import EVERY_EVENT, TODAY

ONLY_EDITS = frozenset({"edit"})


def made(bump_on, **options) -> Sandbox:
    return Sandbox(SandboxOptions(orders=120, seed=3, today=TODAY, bump_on=bump_on, **options))


class Person:
    """Does what is asked, one thing an answer; then names a second order and cancels it."""

    def __init__(self, sandbox, kinds=LIFE) -> None:
        self.order, self.other = untouched_orders(sandbox)[:2]
        self.said: list[str] = []
        self._acts = iter(
            [*(lambda kind=kind: self._act(sandbox, kind, self.order) for kind in kinds),
             lambda: str(self.other["DocNum"]),
             lambda: self._act(sandbox, "cancel", self.other)]
        )  # fmt: skip

    def answer(self) -> str:
        act = next(self._acts, None)
        if act is None:
            raise EOFError
        return act()

    def _act(self, sandbox, kind: str, order: dict) -> str:
        if kind == "s":
            return "s"
        if kind != "nothing":
            happen(sandbox, kind, order["DocEntry"])
        return ""


def probed(sandbox, person, *, doc_num=None, seconds=0.0) -> updates.Probed:
    ticks = iter(range(1000))
    with sandbox.serving() as address, closing(sap.session_of(access(address))) as session:
        return updates.probe(
            session,
            doc_num or person.order["DocNum"],
            say=person.said.append,
            answer=person.answer,
            clock=lambda: next(ticks) * seconds,
        )


def verdicts(result) -> list[Verdict]:
    return [result.verdict(step) for step in (EDIT, PART, REST, CANCEL)]


def test_a_site_where_everything_leaves_a_stamp():
    sandbox = made(EVERY_EVENT)

    result = probed(sandbox, Person(sandbox))

    assert verdicts(result) == [Verdict.MOVED] * 4


def test_a_site_where_only_edits_leave_a_stamp():
    sandbox = made(ONLY_EDITS)

    result = probed(sandbox, Person(sandbox))

    assert verdicts(result) == [Verdict.MOVED, *[Verdict.STAYED] * 3]


def test_a_stamp_with_seconds_is_noticed():
    sandbox = made(EVERY_EVENT)

    assert probed(sandbox, Person(sandbox)).to_the_second is True


@pytest.fixture
def minutes(monkeypatch):
    """A SAP whose UpdateTime is to the minute."""

    def stamp(company, row) -> None:
        row["UpdateDate"] = company.now.date()
        row["UpdateTime"] = company.now.strftime("%H:%M:00")

    monkeypatch.setattr("ordermirror.sandbox.company.Company.stamp", stamp)
    sandbox = made(ONLY_EDITS)
    for order in sandbox.company.orders:
        order["UpdateTime"] = "10:52:00"
    return sandbox


def test_within_a_minute_a_stamp_to_the_minute_says_nothing(minutes):
    result = probed(minutes, Person(minutes), seconds=20.0)

    assert verdicts(result) == [Verdict.MOVED, *[Verdict.UNCLEAR] * 3]


def test_after_a_minute_a_stamp_to_the_minute_is_believed(minutes):
    result = probed(minutes, Person(minutes), seconds=61.0)

    assert verdicts(result) == [Verdict.MOVED, *[Verdict.STAYED] * 3]
    assert result.to_the_second is False


def test_data_version_is_measured_where_it_is_offered():
    sandbox = made(EVERY_EVENT, data_version=True)
    for order in sandbox.company.orders:
        order["DataVersion"] = 1

    result = probed(sandbox, Person(sandbox))

    assert result.data_version_offered
    assert result.measured[0].data_version == "1 -> 2"


def test_a_sap_without_data_version_is_asked_without_it():
    sandbox = made(EVERY_EVENT)

    result = probed(sandbox, Person(sandbox))

    asked = [request for request in sandbox.requests if "DataVersion" in request.query]
    assert (result.data_version_offered, len(asked)) == (False, 1)


def test_what_a_person_skips_is_not_measured():
    sandbox = made(EVERY_EVENT)

    result = probed(sandbox, Person(sandbox, kinds=("edit", "s", "close")))

    assert verdicts(result) == [Verdict.MOVED, Verdict.SKIPPED, Verdict.MOVED, Verdict.MOVED]


def test_an_order_that_shows_no_change_is_looked_at_again():
    sandbox = made(ONLY_EDITS)
    person = Person(sandbox, kinds=("nothing", "edit", "s", "s"))

    result = probed(sandbox, person)

    assert "SAP shows the order as before. Enter looks again, s skips." in person.said
    assert result.verdict(EDIT) is Verdict.MOVED


def test_a_number_that_two_orders_have_is_refused():
    sandbox = made(EVERY_EVENT)
    first, second = sandbox.orders()[:2]
    sandbox.put_raw(second["DocEntry"], DocNum=first["DocNum"])

    with pytest.raises(NoSuchOrder, match="several orders"):
        probed(sandbox, Person(sandbox), doc_num=first["DocNum"])


def test_nothing_but_reading_reaches_sap():
    sandbox = made(EVERY_EVENT)

    probed(sandbox, Person(sandbox))

    sent = {(request.method, request.path.rsplit("/", 1)[1]) for request in sandbox.requests}
    assert sent == {("POST", "Login"), ("GET", "Orders"), ("POST", "Logout")}
