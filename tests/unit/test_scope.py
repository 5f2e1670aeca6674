"""The scope: whose orders are mirrored, how far back, and what of it is still to be loaded."""

from __future__ import annotations

from datetime import date

import pytest

from ordermirror.core.scope import EVERYTHING, Reach, Scope, prefixes
from ordermirror.sap import conditions

EARLY, LATE = date(2025, 1, 1), date(2026, 1, 1)
HO, SD = Scope(customers=("HO",)), Scope(customers=("SD",))
BOTH = Scope(customers=("HO", "SD"))


def held(*customers):
    return Reach(Scope(customers=customers), Scope(customers=customers))


def test_open_orders_are_held_whatever_their_age():
    scope = Scope(since=LATE)

    assert scope.holds("HO1", EARLY, is_open=True)
    assert scope.holds("HO1", None, is_open=True)


def test_other_orders_are_held_from_the_day_on():
    scope = Scope(since=LATE)

    assert scope.holds("HO1", LATE, is_open=False)
    assert not scope.holds("HO1", EARLY, is_open=False)
    assert not scope.holds("HO1", None, is_open=False)


@pytest.mark.parametrize("code", ["ho1", "H", "XHO", "", None])
def test_card_codes_are_compared_to_the_letter(code):
    assert HO.has_customer("HO1")
    assert not HO.has_customer(code)


def test_one_scope_covers_another_when_it_holds_all_of_it():
    assert EVERYTHING.covers(HO)
    assert BOTH.covers(HO)
    assert HO.covers(Scope(customers=("HO1",), since=LATE))
    assert not HO.covers(EVERYTHING)
    assert not HO.covers(SD)
    assert not Scope(since=LATE).covers(Scope(since=EARLY))


def test_beginnings_within_others_are_left_out():
    assert prefixes(["SD", "HO1", "HO", "HO"]) == ("HO", "SD")


def test_added_customers_are_lacking_until_they_are_loaded():
    reach = held("HO").moved(BOTH, loading=False)

    assert reach.lacks
    assert reach.is_still_to_load("SD1")
    assert not reach.is_still_to_load("HO1")
    assert not reach.completed().lacks


def test_customers_that_were_given_up_are_lacking_when_they_return():
    without = held("HO", "SD").moved(HO, loading=False)

    assert not without.lacks
    assert without.moved(BOTH, loading=False).is_still_to_load("SD1")


def test_days_that_pass_load_nothing():
    reach = Reach(Scope(since=EARLY), Scope(since=EARLY))

    later = reach.moved(Scope(since=LATE), loading=False)

    assert not later.lacks
    assert not later.begins_anew(Scope(since=LATE))
    assert later.loaded.since == EARLY


def test_a_first_load_is_complete_only_as_far_back_as_all_of_it_went():
    reach = Reach(Scope(since=EARLY), Scope(since=EARLY))

    assert reach.moved(Scope(since=LATE), loading=True).loaded.since == LATE


def test_a_backfill_begins_anew_only_when_more_is_wanted():
    reach = held("HO").moved(BOTH, loading=False)

    assert reach.begins_anew(EVERYTHING)
    assert not reach.begins_anew(SD)


def test_everything_needs_no_condition():
    assert conditions.within(EVERYTHING) == ""


def test_an_apostrophe_in_a_card_code_is_doubled():
    assert conditions.of_customers(("O'N",)) == "(startswith(CardCode,'O''N'))"


def test_what_is_lacking_is_asked_for_without_what_is_loaded():
    assert conditions.lacking(BOTH, HO) == (
        "(startswith(CardCode,'HO') or startswith(CardCode,'SD'))"
        " and (not (startswith(CardCode,'HO')))"
    )
