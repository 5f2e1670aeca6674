"""`manage.py ordermirror …`: the same commands from inside another Django project."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from ordermirror.cli import main


class Command(BaseCommand):
    help = "OrderMirror's own commands; see `manage.py ordermirror help`."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        main(list(args))
