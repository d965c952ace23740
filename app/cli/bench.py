"""`madoguchi bench`: how fast it is here."""

from __future__ import annotations

import click

from app.bench import BENCHMARKS, load
from app.bench.running import PROGRESS
from app.cli.processes import prepare
from app.cli.progress import progress


class Benchmarks(click.Group):
    """Finds benchmarks in the table of app.bench, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(BENCHMARKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name) if cmd_name in BENCHMARKS else None


@click.group(cls=Benchmarks)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure: seed a database, then list, open, search, live and more.

    \b
    Examples, into a folder of its own:
      madoguchi --data-dir /tmp/bench bench seed --conversations 100000 --messages 1000000
      madoguchi --data-dir /tmp/bench bench list --json list.json
      madoguchi --data-dir /tmp/bench bench all --out report
      madoguchi bench compare before.json after.json
    """
    ctx.obj = prepare
    ctx.meta[PROGRESS] = progress
