"""A function that yields results becomes a command: a table as they come, JSON if asked for."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app.bench.results import Result, shown

Body = Callable[..., Iterable[Result]]
URL = "database_url"  # the option of those that start a stack of their own
PROGRESS = "madoguchi.progress"  # where, in a context's `meta`, the command line keeps its progress bar


class Benchmark(click.Command):
    """`madoguchi bench NAME`. `database`: it works on the database of the settings, which must be migrated."""

    def __init__(self, name: str, *, body: Body, database: bool, alone: bool, **rest: Any) -> None:
        super().__init__(name, callback=self._run, **rest)
        self.body, self.database, self.alone = body, database, alone
        self.params.append(
            click.Option(
                ["--json", "file"], type=click.Path(path_type=Path), help="Write the results here too."
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Runs; `ctx.obj`, where the command line has set it, looks whether the database is of this version."""
        if self.database and callable(ctx.obj):
            ctx.obj()
        return super().invoke(ctx)

    def results(self, args: Sequence[str] = ()) -> list[Result]:
        """What it finds with these options of the command line; prints nothing."""
        with self.make_context(self.name, list(args)) as ctx:
            ctx.params.pop("file")
            return list(self._found(**ctx.params))

    @property
    def takes_url(self) -> bool:
        """Whether it starts a stack of its own, on a database that may be named."""
        return any(one.name == URL for one in self.params)

    def _found(self, **options: Any) -> Iterator[Result]:
        """What it yields; where the stack is its own, with the engine, which need not be that of the settings."""
        engine = "postgresql" if str(options.get(URL) or "").startswith("postgres") else "sqlite"
        for one in self.body(**options):
            yield replace(one, settings={**one.settings, "engine": engine}) if self.takes_url else one

    def _run(self, file: Path | None, **options: Any) -> list[Result]:
        found = list(_told(self._found(**options)))
        printed(found)
        if file is not None:
            write(file, found)
        return found


def benchmark(name: str, *, database: bool = False, alone: bool = False) -> Callable[[Body], Benchmark]:
    """Decorator, above `@click.option`s: the function, which yields results, as a command.

    Its docstring is the help. `alone`: it starts a whole stack of its own, or loads the machine, so it is the
    last in `bench all` and only with its own processes running.
    """

    def made(body: Body) -> Benchmark:
        params = list(reversed(getattr(body, "__click_params__", [])))
        return Benchmark(name, body=body, database=database, alone=alone, params=params, help=body.__doc__)

    return made


def load(name: str) -> click.Command:
    """The command of a benchmark, its module imported now. Raises KeyError on a name that is none."""
    from app.bench import BENCHMARKS

    command = importlib.import_module(BENCHMARKS[name]).command
    assert isinstance(command, click.Command)
    return command


def table(results: Iterable[Result]) -> Table:
    """The results, one a line: figures, CPU and memory where known, and whether the budget is kept."""
    drawn = Table("", "p50", "p95", "p99", "max", "cpu", "n", "budget", "", title_justify="left")
    for column in drawn.columns[1:7]:
        column.justify = "right"
    for one in results:
        verdict = {None: "", True: "[green]kept[/]", False: "[red]missed[/]"}[one.met]
        drawn.add_row(one.what, *_cells(one), ", ".join(map(str, one.budgets)), verdict)
        if one.memory:
            weights = ", ".join(f"{name} {size:.0f} MB" for name, size in one.memory.items())
            drawn.add_row(f"  [dim]resident: {weights}[/]")
    return drawn


def _cells(one: Result) -> list[str]:
    figures = one.figures
    if "p50" not in figures:
        alone = figures.get("rate", figures.get("value", 0.0))
        return [f"{shown(alone)} {one.unit}", "", "", "", "", ""]
    times = [shown(figures[name]) for name in ("p50", "p95", "p99", "max")]
    cpu = shown(figures["cpu"]) if "cpu" in figures else ""
    return [f"{times[0]} {one.unit}", *times[1:], cpu, f"{figures['n']:.0f}"]


def write(file: Path, results: Sequence[Result]) -> None:
    """A report of these results as JSON (see app.bench.report)."""
    from app.bench.report import document

    file.write_text(json.dumps(document(results), ensure_ascii=False, indent=1) + "\n", "utf-8")


def printed(results: Iterable[Result]) -> None:
    """Print the table."""
    console().print(table(results))


def console() -> Console:
    """As wide as the terminal; into a file, wide enough for the words."""
    wide = Console()
    return wide if wide.is_terminal else Console(width=150)


def _told(results: Iterable[Result]) -> Iterable[Result]:
    """On a terminal, a word for each result as it comes: some take minutes."""
    console = Console(stderr=True)
    for one in results:
        if console.is_terminal:
            console.print(f"[dim]{one.what}: {_cells(one)[0]}[/]")
        yield one
