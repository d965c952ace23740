"""`madoguchi bench all`: every benchmark, one report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from app.bench import MEASURED, Benchmark, load
from app.bench.report import document, html
from app.bench.results import Result
from app.bench.running import printed


@click.command("all")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("bench-report"),
    show_default=True,
    help="Folder for report.json and report.html.",
)
@click.option("--only", multiple=True, type=click.Choice(MEASURED), help="Just these.")
@click.option(
    "--database-url",
    help="A database for those that start a stack of their own [a new SQLite each]. What is sent stays in it.",
)
@click.pass_context
def command(ctx: click.Context, out: Path, only: tuple[str, ...], database_url: str | None) -> None:
    """Run every benchmark and write one report.

    \b
    First those that read the database of the settings, then those that start a stack of their own:
      madoguchi --data-dir /tmp/bench bench seed
      madoguchi --data-dir /tmp/bench bench all --out report
    """
    chosen = list(benchmarks(only))
    if callable(ctx.obj) and any(one.database for one in chosen):
        ctx.obj()
    results: list[Result] = []
    for one in chosen:
        click.echo(f"{one.name} …", err=True)
        found = one.results(["--database-url", database_url] if database_url and one.takes_url else [])
        printed(found)
        results += found
        write(out, results)  # after each, so that what is there is kept whatever comes next


def benchmarks(only: tuple[str, ...] = ()) -> Iterator[Benchmark]:
    """The chosen ones, those that load the machine last."""
    found = [load(name) for name in MEASURED if not only or name in only]
    measuring = [one for one in found if isinstance(one, Benchmark)]
    yield from sorted(measuring, key=lambda one: one.alone)


def write(folder: Path, results: list[Result]) -> None:
    """report.json and report.html."""
    folder.mkdir(parents=True, exist_ok=True)
    told = document(results)
    (folder / "report.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (folder / "report.html").write_text(html(told, results), "utf-8")
