"""Progress of long work: a bar on a terminal, a line at each tenth elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Step(Protocol):
    """`beside`: what is told besides, on a terminal."""

    def __call__(self, what: str, done: int, total: int, beside: str = "") -> None: ...


class Pace:
    """How many of something are done in a second, from the first time it is asked on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: tuple[float, int] | None = None

    def said(self, done: int, of: str) -> str:
        """“1,200 rows, 830/s”; without a pace until there is one to tell."""
        at = self._clock()
        if self._begun is None:
            self._begun = at, done
        seconds, made = at - self._begun[0], done - self._begun[1]
        return f"{done:,} {of}" + (f", {made / seconds:,.0f}/s" if seconds >= 1 and made else "")


@contextmanager
def progress(*, aside: bool = False) -> Iterator[Step]:
    """Gives `step(what, done, total)`, to be called as often as one likes. `aside`: on standard error, where standard
    output is for the result."""
    console = Console(stderr=aside)
    if not console.is_terminal:
        yield _lines(aside)
        return
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        TextColumn("{task.fields[beside]}"),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def step(what: str, done: int, total: int, beside: str = "") -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, beside=beside)
            bars.update(tasks[what], completed=done, total=total, beside=beside)

        yield step


def _lines(aside: bool) -> Step:
    told: dict[str, int] = {}

    def step(what: str, done: int, total: int, beside: str = "") -> None:
        tenth = done * 10 // max(total, 1)
        if told.get(what) != tenth:
            told[what] = tenth
            click.echo(f"{what}: {done}/{total}", err=aside)

    return step
