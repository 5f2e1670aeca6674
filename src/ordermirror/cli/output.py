"""Words and tables: rich where a person looks, plain lines where a program does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Text with rich markup; escape what users wrote."""
    console.print(text)


def problem(*sentences: str) -> None:
    """On standard error, one sentence a line."""
    for sentence in sentences:
        errors.print(f"[red]{escape(sentence)}[/red]")


def json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def pairs(title: str, rows: Iterable[tuple[str, object]]) -> None:
    """A two-column summary; `name: value` lines when piped."""
    if not console.is_terminal:
        for name, value in rows:
            plain(f"{name}: {value}")
        return
    table = Table(title=title, title_justify="left", show_header=False, border_style="dim")
    table.add_column(style="bold")
    table.add_column()
    for name, value in rows:
        table.add_row(name, escape(str(value)))
    console.print(table)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; tab-separated lines under a line of names when piped."""
    if not console.is_terminal:
        for line in (columns, *rows):
            plain("\t".join(map(str, line)))
        return
    shown = Table(*columns, title=title, title_justify="left", border_style="dim")
    for row in rows:
        shown.add_row(*(escape(str(cell)) for cell in row))
    console.print(shown)


def plain(line: str) -> None:
    """As it is: rich would turn tabs into spaces and words in brackets into colours."""
    console.file.write(line + "\n")
