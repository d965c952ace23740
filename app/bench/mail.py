"""How many mails are read and stored in a second, on the way that `madoguchi mail import` goes.

The mails are written into an mbox first, so that making them costs nothing while it is measured. They stay in the
database; a second run makes others.
"""

from __future__ import annotations

import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import func, select

from app import collecting, connect, switchboard
from app.bench import Result, at_least, benchmark, measured, rate, resident, value
from app.bench.letters import MAILBOX, TEMPLATES, letters
from app.collecting import files, importing
from app.db import reading, transaction
from app.models import Channel, Conversation, RawReceipt
from channels import registry
from channels.base import Collecting

WARM_UP = 0.1  # of the mails, after which memory should not grow any more


@benchmark("mail", database=True)
@click.option("--mails", default=10_000, show_default=True, type=click.IntRange(1), help="How many.")
def command(mails: int) -> Iterator[Result]:
    """Mails out of a file: stored raw, parsed and taken in, each a message in its thread.

    Japanese and English, plain and HTML, quotes, pictures, attachments, bounces, automatic answers. They stay there.
    """
    alone = importing.is_alone()
    channel = _mailbox()
    with _written(mails) as (path, size):
        most = connect.features(channel).max_request_bytes
        begin, spent = time.perf_counter(), time.process_time()
        took, weights, tally = list[float](), [resident()], collecting.Tally()
        last = begin
        for so_far in collecting.take_in(channel.id, files.mails([path], most), alone=alone):
            tally = so_far
            took.append(1000 * (time.perf_counter() - last))
            weights.append(resident())
            last = time.perf_counter()
        seconds = last - begin
    if tally.mails != mails or tally.wrong:
        raise click.ClickException(f"Of {mails} mails {tally.mails} were read, {tally.wrong} with problems.")
    yield from _results(tally, size, seconds, time.process_time() - spent, took, weights)


def _results(
    tally: collecting.Tally, size: int, seconds: float, spent: float, took: list[float], weights: list[float]
) -> Iterator[Result]:
    settings = {
        "mails": tally.mails,
        "messages": tally.new,
        "conversations": _conversations(),
        "kB each": round(size / tally.mails / 1000, 1),
        "cpu_ms_each": round(1000 * spent / tally.mails, 3),
    }
    yield rate(
        "mail.rate",
        "mails stored, read and taken in",
        tally.mails / seconds,
        budgets=[at_least("rate", 200)],
        settings=settings,
        memory={"this process": weights[-1]},
    )
    yield measured(
        "mail.batch",
        f"a batch of {importing.AT_ONCE} mails",
        took,
        cpu=1000 * spent / len(took),
        settings={"templates": len(TEMPLATES)},
    )
    yield value(
        "mail.memory", "most memory at any time", _peak(), "MB", note="of the whole life of the process"
    )
    warm = weights[max(1, round(len(weights) * WARM_UP)) :] or weights
    yield value(
        "mail.growth",
        f"memory at the end against after the first {WARM_UP:.0%}",
        warm[-1] - warm[0],
        "MB",
        settings={"resident": [round(one, 1) for one in weights[:: max(1, len(weights) // 10)]]},
    )


def _peak() -> float:
    """MB; Linux tells kilobytes, macOS bytes."""
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return told / 1e6 if sys.platform == "darwin" else told * 1024 / 1e6


def _conversations() -> int:
    with reading() as db:
        return db.scalar(select(func.max(Conversation.id))) or 0


@contextmanager
def _written(mails: int) -> Iterator[tuple[Path, int]]:
    """An mbox with so many mails that were never there before, and its size."""
    with reading() as db:
        run = (db.scalar(select(func.max(RawReceipt.id))) or 0) + 1
    with tempfile.TemporaryDirectory(prefix="bench-mail-") as folder:
        path = Path(folder) / "mails.mbox"
        with path.open("wb") as file:
            for raw in letters(mails, run):
                file.write(b"From someone@example.jp Mon Jan  6 10:00:00 2025\r\n")
                file.write(raw.rstrip().replace(b"\nFrom ", b"\n>From ") + b"\r\n\r\n")
        yield path, path.stat().st_size


def _mailbox() -> Channel:
    """A mailbox of its own, switched off: nothing is fetched and nothing is sent."""
    kind = next(kind for kind, made in registry.kinds().items() if issubclass(made, Collecting))
    with transaction() as db:
        key = f"bench-{secrets.token_hex(4)}"
        made = switchboard.add_channel(db, kind, "Bench", {"address": MAILBOX}, key, bot=False)
        made.enabled = False
        return made
