"""The command line of the fault run."""

from __future__ import annotations

import random
import shlex
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from app.bench.faults.running import Outcome, run
from app.bench.faults.schedule import KINDS


@click.command("faults")
@click.option("--kills", type=click.IntRange(1), default=200, show_default=True, help="How many kill -9.")
@click.option("--seed", type=int, default=None, help="Which schedule of faults [a new one].")
@click.option("--database-url", help="A PostgreSQL server; a database is made there and dropped [SQLite].")
@click.option("--web", "webs", type=click.IntRange(1, 2), default=1, show_default=True, help="Web processes.")
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Only faults of this kind.")
@click.option("--also", multiple=True, hidden=True, help="A module that the processes import first.")
@click.option("--log", type=click.Path(path_type=Path), help="Write what the product said here.")
def command(
    kills: int,
    seed: int | None,
    database_url: str | None,
    webs: int,
    only: tuple[str, ...],
    also: tuple[str, ...],
    log: Path | None,
) -> None:
    """Break everything under load, then recount every promise.

    Starts an installation of its own, with chats, webhooks and agents at work, and kills, freezes, cuts, fills
    the disk, refuses the database and misleads the clock, as the seed says. Nine other faults come to ten kills.
    Exit code 0: every promise was kept. 1: one was not; the table names it, the seed replays the schedule.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still cleans up
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console = Console(highlight=False, width=140, soft_wrap=True)
    console.print(f"seed {seed}, {kills} kills: {again(seed, kills, webs, only, database_url)}", markup=False)
    began = time.monotonic()

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:7.1f} s  {line}")

    outcome = run(seed, kills, database_url=database_url, webs=webs, say=say, also=also, only=only)
    show(console, outcome)
    if log is not None:
        log.write_text("\n".join(outcome.lines))
    sys.exit(0 if outcome.kept else 1)


def again(seed: int, kills: int, webs: int, only: tuple[str, ...], database_url: str | None) -> str:
    """The command that has the same faults come again, on the same server; its password is not told."""
    words = [f"madoguchi bench faults --seed {seed} --kills {kills} --web {webs}"]
    words += [f"--only {shlex.quote(kind)}" for kind in only]
    if database_url:
        url = make_url(database_url)._replace(password=None)
        words.append(f"--database-url {shlex.quote(url.render_as_string())}")
    return " ".join(words)


def show(console: Console, outcome: Outcome) -> None:
    """What was done, what was looked at, and what was found."""
    done = Table("fault", "done", title="Faults", title_justify="left")
    for kind, number in sorted(outcome.faults.items()):
        done.add_row(kind, str(number))
    counted = Table("what", "n", title="Work", title_justify="left")
    for what, number in outcome.counts.items():
        counted.add_row(what, str(number))
    kept = Table("invariant", "checked", "", title="Promises", title_justify="left")
    for one in outcome.verdicts:
        kept.add_row(one.invariant, str(one.checked), "kept" if one.kept else f"BROKEN ({len(one.wrong)})")
    for table in (done, counted, kept):
        console.print(table)
    for one in outcome.verdicts:
        for line in one.wrong:
            console.print(f"BROKEN  {one.invariant}: {line}", markup=False)
    verdict = "every promise was kept" if outcome.kept else "PROMISES WERE BROKEN"
    console.print(
        f"seed {outcome.seed}, {outcome.kills} kills, {outcome.engine}, {outcome.seconds:.0f} s: {verdict}"
    )
