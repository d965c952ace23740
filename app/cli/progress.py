"""Progress of long work: a bar on a terminal, a line at each tenth elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Step = Callable[[str, int, int], None]


@contextmanager
def progress(*, aside: bool = False) -> Iterator[Step]:
    """Gives `step(what, done, total)`, to be called as often as one likes. `aside`: on standard error, where standard
    output is for the result."""
    console = Console(stderr=aside)
    if not console.is_terminal:
        yield _lines(aside)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield step


def _lines(aside: bool) -> Step:
    told: dict[str, int] = {}

    def step(what: str, done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        if told.get(what) != tenth:
            told[what] = tenth
            click.echo(f"{what}: {done}/{total}", err=aside)

    return step
