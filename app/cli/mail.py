"""`madoguchi mail`: mails in files."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.processes import prepare
from app.cli.progress import progress

if TYPE_CHECKING:
    from app.collecting import Tally
    from app.collecting.files import Found
    from app.models import Channel

SHOWN = 100  # problems that are listed
LARGEST = 200_000_000  # bytes of a mail that `parse` reads


@click.group()
def mail() -> None:
    """Mails in files: see what we understand of them, take them in.

    \b
    Examples:
      madoguchi mail parse letter.eml | jq .subject
      madoguchi mail import archive.mbox --channel 3
      madoguchi mail import Maildir/.Sent --channel 3 --sent
    """


@mail.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--ours", multiple=True, metavar="ADDRESS", help="An address of our own; may be given again.")
def parse(paths: tuple[Path, ...], ours: tuple[str, ...]) -> None:
    """Print what we understand of each mail, one JSON object a line.

    FILE is a mail, an mbox, a folder of these with all that is below it, or - for standard input. What cannot be
    read is a line with its problem; exit code 1 only if nothing at all could be read.
    """
    from channels.email import describing

    own = [address.lower() for address in ours]
    read = 0
    for found in _found(paths):
        read += found.raw is not None
        described = (
            describing.unreadable(found.name, found.problem)
            if found.raw is None
            else describing.describe(found.name, found.raw, own)
        )
        click.echo(json.dumps(described, ensure_ascii=False))
    sys.exit(0 if read else 1)


def _found(paths: tuple[Path, ...]) -> Iterator[Found]:
    """Every mail there, by the path it was asked for."""
    from app.collecting import files

    for given in paths:
        if str(given) == "-":
            yield from _piped()
            continue
        for file in files.walk(given):
            for found in files.mails([file], LARGEST):
                yield replace(found, name=f"{file}{found.name.removeprefix(file.name)}")


def _piped() -> Iterator[Found]:
    """Those of standard input, through a file, for a pipe cannot be looked into before it is read."""
    from app.collecting import files

    with tempfile.NamedTemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        for found in files.mails([Path(kept.name)], LARGEST):
            yield replace(found, name=f"-{found.name.removeprefix(Path(kept.name).name)}")


@mail.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--channel", "which", required=True, help="The mailbox they belong to, by number or key.")
@click.option("--sent", is_flag=True, help="They were sent by us.")
@click.option(
    "--history-after",
    type=click.FloatRange(min=0, max=36_500),
    default=3.0,
    metavar="DAYS",
    help="Mails older than so many days are history: no case, nobody is told [3]. 0: all of them.",
)
def import_(paths: tuple[Path, ...], which: str, sent: bool, history_after: float) -> None:
    """Take mails in: single files, folders (Maildir, .eml, .emlx) and mbox files.

    Each is stored as it is and then read, the latest days as if they had come just now; older ones stand in the
    thread, but open no case, ring nobody and are not answered by the bot. What is there already is left alone, so
    an import that was interrupted is simply run again. Exit code 1 if something could not be taken in; it is listed.
    """
    prepare()
    from app import collecting
    from app.collecting import files, importing
    from app.db import now

    channel, most = _mailbox(which)
    alone = importing.is_alone()
    tally, whole = collecting.Tally(), files.size_of(list(paths))
    found, past = files.mails(list(paths), most), now() - timedelta(days=history_after)
    with progress() as step:
        for tally in collecting.take_in(channel.id, found, sent=sent, alone=alone, history_before=past):
            step("kB read", tally.read // 1000, whole // 1000)
    _report(tally)
    sys.exit(1 if tally.wrong else 0)


def _mailbox(which: str) -> tuple[Channel, int]:
    """The channel, and how large a mail it takes."""
    from app import connect, switchboard
    from app.db import reading
    from channels import registry
    from channels.base import Collecting

    try:
        with reading() as db:
            channel = switchboard.find_channel(db, which)
        collects = issubclass(registry.connector(channel.kind), Collecting)
    except LookupError as error:
        raise click.ClickException(
            f"There is no channel “{which}”; `madoguchi channel list` shows them."
        ) from error
    if not collects:
        raise click.ClickException(f"“{channel.name}” is no mailbox.")
    return channel, connect.features(channel).max_request_bytes


def _report(tally: Tally) -> None:
    for name, problem in tally.problems[:SHOWN]:
        click.echo(f"{name}: {problem}", err=True)
    if tally.wrong > SHOWN:
        click.echo(f"… and {tally.wrong - SHOWN} more.", err=True)
    click.echo(
        f"{tally.mails} mails: {tally.new} taken in, {tally.seen} there already, "
        f"{tally.others} that are no message, {tally.wrong} with problems."
    )
