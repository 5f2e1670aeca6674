"""What is deployed says words that the program understands."""

from __future__ import annotations

import json
import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest

from ordermirror.cli import parser

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def read(unit):
    config = ConfigParser(interpolation=None, strict=True)
    config.optionxform = str
    config.read(unit, encoding="utf-8")
    return config


def understood(words):
    return parser.build().parse_args(words).command


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_there_is_as_an_account_of_its_own(unit):
    service = read(unit)["Service"]

    program, *words = service["ExecStart"].split()

    assert (service["User"], service["ProtectSystem"]) == ("ordermirror", "strict")
    if program.endswith("/ordermirror"):
        assert understood(words) == "run"
    else:
        assert words[:2] == ["-A", "ordermirror.project.celery"]
        assert import_module("celery.bin.celery").celery.get_command(None, words[3])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_names_documentation_that_is_installed_and_explains_it(unit):
    """They named a README that nothing put there."""
    explained = (DEPLOY / "README.md").read_text(encoding="utf-8")
    copied, to = re.findall(r"cp -r (.*) (/usr/share/\S+)/", explained)[0]

    named = [it.removeprefix(f"file://{to}/") for it in read(unit)["Unit"]["Documentation"].split()]

    assert f"`{unit.name}`" in explained
    for document in named:
        assert document.split("/")[0] in copied.split()
        assert (DEPLOY.parent / document).is_file()


def test_the_units_differ_in_what_they_start_and_how_long_it_may_take_to_end():
    told = [dict(read(unit)["Service"]) for unit in UNITS]
    for service in told:
        for name in ("ExecStart", "KillMode", "TimeoutStopSec"):
            service.pop(name, None)

    assert told[0] == told[1] == told[2]


def test_the_container_runs_the_program_as_nobody_special():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")

    program, *words = json.loads(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[-1])

    assert (program, understood(words)) == ("ordermirror", "run")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", text, re.MULTILINE)


def test_the_windows_task_runs_the_program():
    text = (DEPLOY / "windows" / "install.ps1").read_text(encoding="utf-8")

    [words] = re.findall(r'-Argument "([^"]*)"', text)

    assert understood(words.split()) == "run"
