"""`ordermirror manage …`: Django's own commands, with OrderMirror's settings."""

from __future__ import annotations

from argparse import Namespace

from django.core.management import execute_from_command_line


def run(arguments: Namespace) -> int:
    execute_from_command_line(["ordermirror manage", *arguments.arguments])
    return 0
