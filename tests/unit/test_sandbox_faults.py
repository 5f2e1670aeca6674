"""When the sandbox's faults strike."""

from __future__ import annotations

import pytest

from ordermirror.sandbox import Fault
from ordermirror.sandbox.faults import Faults


def strikes(fault, requests=6, path="Orders"):
    faults = Faults()
    faults.add(fault)
    return [number for number in range(1, requests + 1) if faults.of_answer(path)]


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("html", Fault(kind="html")),
        ("html@3", Fault(kind="html", after=2)),
        ("reset/10", Fault(kind="reset", every=10, times=None)),
        ("empty*", Fault(kind="empty", times=None)),
        ("Orders:html@3", Fault(kind="html", path="Orders", after=2)),
        ("Orders/$count:slow", Fault(kind="slow", path="Orders/$count")),
    ],
)
def test_a_fault_can_be_written_as_text(spec, fault):
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize("spec", ["", "html@", "html@0", "html/0", "gremlins", "@3", "html@3/4"])
def test_text_that_is_no_fault_is_refused(spec):
    with pytest.raises(ValueError, match=r"."):
        Fault.parse(spec)


def test_strikes_once_after_so_many_requests():
    assert strikes(Fault(kind="html", after=2)) == [3]


def test_strikes_forever():
    assert strikes(Fault(kind="html", after=3, times=None)) == [4, 5, 6]


def test_strikes_every_so_many_requests():
    assert strikes(Fault(kind="html", every=2, times=None)) == [2, 4, 6]


def test_strikes_its_own_path_only():
    assert strikes(Fault(kind="html", path="Items", times=None)) == []


def test_without_a_path_logging_in_is_spared():
    assert strikes(Fault(kind="html", times=None), path="Login") == []


def test_a_fault_of_pages_waits_for_a_page_with_enough_rows():
    faults = Faults()
    faults.add(Fault(kind="shuffled"))

    struck = [bool(faults.of_page("Orders", rows)) for rows in (0, 1, 2, 2)]

    assert struck == [False, False, True, False]
