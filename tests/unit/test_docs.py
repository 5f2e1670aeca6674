"""Documents that would otherwise rot."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ordermirror.cli.parser import COMMANDS
from tests.simulation import gateway_defects, scope_defects
from tests.simulation.defects import DEFECTS

assert gateway_defects.DEFECTS is scope_defects.DEFECTS is DEFECTS
ROOT = Path(__file__).parent.parent.parent


def test_the_settings_are_documented_as_they_are():
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools/document_settings.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == tool.document()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"`ordermirror {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_mistake_that_is_made_on_purpose_is_told(defect):
    listed = (ROOT / "docs/reliability.md").read_text(encoding="utf-8").splitlines()

    assert f"- {defect}" in listed
