"""`madoguchi mail`: mails in files."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.processes import prepare
from app.cli.progress import progress

if TYPE_CHECKING:
    from app.collecting import Tally
    from app.models import Channel

SHOWN = 100  # problems that are listed


@click.group()
def mail() -> None:
    """Mails in files: take them in.

    \b
    Examples:
      madoguchi mail import archive.mbox --channel 3
      madoguchi mail import Maildir/.Sent --channel 3 --sent
    """


@mail.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--channel", "which", required=True, help="The mailbox they belong to, by number or key.")
@click.option("--sent", is_flag=True, help="They were sent by us.")
def import_(paths: tuple[Path, ...], which: str, sent: bool) -> None:
    """Take mails in: single files, folders (Maildir, .eml, .emlx) and mbox files.

    Each is stored as it is and then read, as if it had come just now. What is there already is left alone, so an
    import that was interrupted is simply run again. Exit code 1 if something could not be taken in; it is listed.
    """
    prepare()
    from app import collecting
    from app.collecting import files

    channel, most = _mailbox(which)
    _be_quiet_without_redis()
    tally, whole = collecting.Tally(), files.size_of(list(paths))
    with progress() as step:
        for tally in collecting.take_in(channel.id, files.mails(list(paths), most), sent=sent):
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


def _be_quiet_without_redis() -> None:
    """Open pages look for themselves every second; that the bell cannot be rung need not be told of each mail."""
    from app import jobs

    if jobs.alive() is None:
        logging.getLogger("app.db").setLevel(logging.ERROR)


def _report(tally: Tally) -> None:
    for name, problem in tally.problems[:SHOWN]:
        click.echo(f"{name}: {problem}", err=True)
    if tally.wrong > SHOWN:
        click.echo(f"… and {tally.wrong - SHOWN} more.", err=True)
    click.echo(
        f"{tally.mails} mails: {tally.new} taken in, {tally.seen} there already, "
        f"{tally.others} that are no message, {tally.wrong} with problems."
    )
