"""The command line of the storm."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app.bench.faults.running import LEASE
from app.bench.results import Result, at_most, rate, value
from app.bench.running import PROGRESS, write
from app.bench.storm.running import Outcome, Size, Told, run


@click.command("storm")
@click.option("--inbound", type=click.IntRange(100), default=20_000, show_default=True, help="Messages in.")
@click.option("--outbound", type=click.IntRange(50), default=5_000, show_default=True, help="Answers out.")
@click.option("--kills", type=click.IntRange(1), default=30, show_default=True, help="How many kill -9.")
@click.option("--seed", type=int, default=None, help="Which storm [a new one].")
@click.option(
    "--times", type=click.IntRange(1), default=1, show_default=True, help="So many, one seed later."
)
@click.option("--database-url", help="A PostgreSQL server; a database is made there and dropped [SQLite].")
@click.option("--web", "webs", type=click.IntRange(1, 2), default=1, show_default=True, help="Web processes.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the results here too.")
@click.option("--log", type=click.Path(path_type=Path), help="Write what the product said here.")
@click.pass_context
def command(
    ctx: click.Context,
    inbound: int,
    outbound: int,
    kills: int,
    seed: int | None,
    times: int,
    database_url: str | None,
    webs: int,
    file: Path | None,
    log: Path | None,
) -> None:
    """Five platforms at their worst, then every message recounted.

    The sandbox's customers write while their webhooks come twice, out of order and several at once; agents answer
    while a tenth of all calls goes wrong in each way there is; web and workers are killed, Redis is wiped. Exit
    code 0: each message is once in the right thread and order, and at its platform. 1: one is not; the table names
    it, the seed replays the storm.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still cleans up
    first = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console = Console(highlight=False, width=140, soft_wrap=True)
    results: list[Result] = []
    kept = True
    for number in range(first, first + times):
        console.print(
            f"seed {number}: madoguchi bench storm --seed {number} --inbound {inbound} --outbound {outbound} "
            f"--kills {kills}"
        )
        with ctx.meta.get(PROGRESS, _quiet)() as told:
            outcome = run(
                number,
                Size(inbound, outbound, kills),
                database_url=database_url,
                webs=webs,
                say=_sayer(console),
                told=told,
            )
        show(console, outcome)
        results += figures(outcome)
        kept = kept and outcome.kept
        if file is not None:
            write(file, results)
        if log is not None:
            log.write_text("\n".join(outcome.lines))
    sys.exit(0 if kept else 1)


def figures(outcome: Outcome) -> Iterator[Result]:
    """What it found, in the form of all benchmarks: how fast it went, and what breaks each promise."""
    size = outcome.size
    settings = {
        "seed": outcome.seed,
        "inbound": size.inbound,
        "outbound": size.outbound,
        "kills": size.kills,
        "engine": outcome.engine.lower(),
        "lease": LEASE,
        "counts": outcome.counts,
    }
    name = f"storm.{outcome.seed}"
    yield rate(
        f"{name}.rate", "in and out", (size.inbound + size.outbound) / outcome.wrote, settings=settings
    )
    yield value(f"{name}.seconds", "the whole storm", outcome.seconds, "s", settings=settings)
    for number, one in enumerate(outcome.verdicts, 1):
        yield value(
            f"{name}.promise.{number}",
            one.invariant,
            len(one.wrong),
            "broken",
            budgets=[at_most("value", 0)],
            settings={"seed": outcome.seed, "engine": settings["engine"], "checked": one.checked},
            note="; ".join(one.wrong),
        )


def show(console: Console, outcome: Outcome) -> None:
    """What went wrong on purpose, what was looked at, and what was found."""
    counted = Table("what", "n", title="What went wrong on purpose", title_justify="left")
    for what, number in outcome.counts.items():
        counted.add_row(what, str(number))
    kept = Table("promise", "checked", "", title="Promises", title_justify="left")
    for one in outcome.verdicts:
        kept.add_row(one.invariant, str(one.checked), "kept" if one.kept else f"BROKEN ({len(one.wrong)})")
    for table in (counted, kept):
        console.print(table)
    for one in outcome.verdicts:
        for line in one.wrong:
            console.print(f"BROKEN  {one.invariant}: {line}", markup=False)
    verdict = "every promise was kept" if outcome.kept else "PROMISES WERE BROKEN"
    size = outcome.size
    console.print(
        f"seed {outcome.seed}, {size.inbound} in, {size.outbound} out, {size.kills} kills, {outcome.engine}, "
        f"{outcome.seconds:.0f} s ({outcome.wrote:.0f} s until all was written): {verdict}"
    )


def _sayer(console: Console) -> Callable[[str], None]:
    began = time.monotonic()
    return lambda line: console.print(f"{time.monotonic() - began:7.1f} s  {line}")


@contextmanager
def _quiet() -> Iterator[Told]:
    yield lambda what, done, total: None
