"""How far a long work has got: a bar for a person, a line for every tenth in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich import progress as rich_progress
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ordermirror.cli import output
from ordermirror.sync import Progress


@contextmanager
def progress(work: str, unit: str) -> Iterator[Progress]:
    """Call what it gives with how many are done, and of how many; a bar appears with the first."""
    if not output.errors.is_terminal:
        yield _Tenths(work, unit)
        return
    bar = rich_progress.Progress(
        TextColumn(work),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeRemainingColumn(),
        console=output.errors,
    )
    tasks: list[Any] = []

    def show(done: int, total: int) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(work))
        bar.update(tasks[0], completed=done, total=max(total, done))

    try:
        yield show
    finally:
        bar.stop()


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} {self._unit}/s", style="progress.data.speed")


class _Tenths:
    def __init__(self, work: str, unit: str) -> None:
        self._work, self._unit, self._told = work.lower(), unit, -1

    def __call__(self, done: int, total: int) -> None:
        tenth = 10 * done // max(total, done, 1)
        if tenth > self._told:
            self._told = tenth
            output.errors.print(
                f"{self._work}: {done} of {max(total, done)} {self._unit}", markup=False
            )
