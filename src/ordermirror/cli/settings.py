"""`ordermirror settings`: every setting with type, default, meaning and current value."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from ordermirror import conf
from ordermirror.cli import output


def run(arguments: Namespace) -> int:
    variables = conf.read_environment()
    described = conf.describe(variables)
    if arguments.json:
        output.json([asdict(item) for item in described])
    else:
        output.table(
            "Settings: environment variables, or lines of a .env file",
            ("setting", "value", "type", "default", "meaning"),
            [(it.name, it.value, it.type, it.default, it.meaning) for it in described],
        )
    conf.load(variables)
    return 0
