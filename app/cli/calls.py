"""`madoguchi calls`: call logs in files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import lists
from app.cli.processes import prepare
from app.cli.progress import Pace, progress

if TYPE_CHECKING:
    from app.imports import Counts, Look
    from app.models import CallImport, Channel


@click.group()
def calls() -> None:
    """Call logs that telephone systems export: take them in.

    \b
    Examples:
      madoguchi calls import calls.csv --channel phone --dry-run
      madoguchi calls import calls.csv --channel phone --map "備考2=memo" --errors wrong.csv
      madoguchi calls import calls.xlsx --channel phone --work-days 2
    """


@calls.command(name="import")
@lists.FILE
@click.option(
    "--channel", "which", required=True, help="The telephone channel they belong to, by number or key."
)
@lists.ENCODING
@click.option(
    "--map",
    "told",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Which column is what (may be empty).",
)
@lists.ZONE
@click.option(
    "--work-days",
    type=click.IntRange(min=0, max=365),
    default=0,
    metavar="DAYS",
    help="Missed calls of the last DAYS become work for somebody [0: all is history].",
)
@click.option("--dry-run", is_flag=True, help="Only tell what is in it.")
@lists.ERRORS
def import_(
    file: Path, which: str, encoding: str, told: tuple[str, ...], zone: str, work_days: int, dry_run: bool,
    errors: Path | None,
) -> None:  # fmt: skip
    """Take the calls of a log in: CSV (UTF-8, CP932, EUC-JP, UTF-16) or XLSX, with whatever names its columns have.

    They are history: they stand in the threads of those who called, open no case and ring nobody. What is there
    already is left alone, so the same file twice changes nothing, and an import that was interrupted is simply run
    again. Exit code 1 if rows could not be taken in, 2 if there is no call log to be read.
    """
    prepare()
    from app import garbage
    from app.tables import Unreadable

    channel = _channel(which)
    garbage.spare()
    try:
        seen = _look(file, encoding, told, zone)
        lists.describe(seen)
        counts = (
            _dry(file, channel, seen, zone)
            if dry_run
            else _take(file, channel, seen, zone, work_days, errors)
        )
        if dry_run and errors is not None:
            _write_problems(errors, file, seen, zone)
    except Unreadable as problem:
        click.echo(f"{file}: {problem}", err=True)
        sys.exit(2)
    sys.exit(1 if counts.wrong else 0)


def _channel(which: str) -> Channel:
    from app import connect, switchboard
    from app.db import reading

    try:
        with reading() as db:
            channel = switchboard.find_channel(db, which)
    except LookupError as error:
        raise click.ClickException(
            f"There is no channel “{which}”; `madoguchi channel list` shows them."
        ) from error
    if not connect.features(channel).telephone:
        raise click.ClickException(f"“{channel.name}” is no telephone channel.")
    return channel


def _look(file: Path, encoding: str, told: Sequence[str], zone: str) -> Look:
    """What is in the file, its columns read as they were with the same header before, or as they are told."""
    from app import imports
    from app.calllog import columns
    from app.db import reading

    seen = imports.look(file, encoding, zone=zone)
    with reading() as db:
        before = imports.earlier(db, seen.header)
    places = dict(before.columns) if before else seen.columns
    for one in told:
        name, _, field = one.rpartition("=")
        if name not in seen.header or field not in ("", *columns.FIELDS):
            raise click.ClickException(
                f"“{one}” has to be COLUMN=FIELD. Columns: {', '.join(seen.header)}. "
                f"Fields: {', '.join(columns.FIELDS)}."
            )
        at = seen.header.index(name)
        places = {kept: place for kept, place in places.items() if place != at} | (
            {field: at} if field else {}
        )
    if problem := columns.problem_of(places):
        raise click.ClickException(f"{problem} (--map COLUMN=FIELD)")
    return imports.look(file, seen.encoding, places, zone)


def _dry(file: Path, channel: Channel, seen: Look, zone: str) -> Counts:
    from app.calllog.rows import Reading
    from app.config import settings
    from app.imports import Counts, sorts
    from app.imports.counting import look_through

    how = Reading(seen.header, seen.columns, zone or settings().timezone, home=settings().country)
    counts = Counts()
    pace = Pace()
    with progress() as step:
        for counts, share in look_through(file, seen.encoding, channel, sorts.OF_CALLS, how):
            step("percent looked through", int(share * 100), 100, pace.said(counts.rows, "rows"))
    _show_first(seen)
    click.echo(
        f"{counts.rows} rows: {counts.new} new calls, {counts.seen} there already, {counts.inside} within the house, "
        f"{counts.wrong} that cannot be read. {counts.known} known customers, {counts.strange} new ones, "
        f"{counts.withheld} calls with a withheld number."
    )
    if counts.twice:
        click.echo(
            f"{counts.twice} rows have the id of another row: they are taken for parts of the same call."
        )
    return counts


def _show_first(seen: Look) -> None:
    from app.tables import Unreadable

    wrong = [(row, found) for row, found in seen.rows if isinstance(found, Unreadable)]
    for row, found in wrong[: lists.SHOWN]:
        click.echo(f"Line {row.line}: {found}", err=True)


def _take(file: Path, channel: Channel, seen: Look, zone: str, work_days: int, errors: Path | None) -> Counts:
    from app import imports
    from app.imports import Counts

    row, done = _row(file, channel, seen, zone, work_days)
    if done:
        counts = Counts.of(row.taken)
        click.echo(
            f"{counts.rows} rows: this file was taken in already (import {row.id}); nothing is to be done."
        )
        return Counts(rows=counts.rows)
    if row.place:
        click.echo(f"Going on behind {row.place} rows.")
    pace = Pace()
    with progress() as step:

        def tell(counts: Counts, share: float) -> None:
            step("percent taken in", int(share * 100), 100, pace.said(counts.rows, "rows"))

        try:
            row = imports.work(row.id, file, tell)
        except imports.Lost as lost:
            raise click.ClickException(
                "This import is being worked on, or was broken off less than a minute ago. Run it again then."
            ) from lost
    if row.error:
        raise click.ClickException(row.error["sentence"] % row.error["values"])
    counts = Counts.of(row.taken)
    _report(row, counts, errors)
    return counts


def _row(file: Path, channel: Channel, seen: Look, zone: str, work_days: int) -> tuple[CallImport, bool]:
    """The import to work on: one of this file that was not finished, or a new one; and whether it is done already."""
    from app.config import settings
    from app.db import transaction
    from app.imports import drafts
    from app.imports.files import digest_of

    digest = (digest_of(file), file.stat().st_size)
    with transaction() as db:
        row = drafts.begin(db, channel, None, file.name, digest, seen, kept=False)
        row.columns, row.zone, row.work_days = seen.columns, zone or settings().timezone, work_days
        db.flush()
        if (found := drafts.finished(db, row) or drafts.unfinished(db, row)) is not None:
            db.delete(row)
            row = found
        done = row.state == "done"
        if not done and row.state != "running":
            drafts.start(db, row, None)
        return row, done


def _report(row: CallImport, counts: Counts, errors: Path | None) -> None:
    from app import imports
    from app.db import reading

    with reading() as db:
        lines = list(imports.problems_of(db, row, lists.say)) if counts.wrong else []
    if errors is not None and counts.wrong:
        errors.write_text("".join(lines), "utf-8", newline="")
    click.echo(
        f"{counts.rows} rows: {counts.new} calls taken in, {counts.seen} there already, "
        f"{counts.inside} within the house, {counts.wrong} with problems."
    )
    if counts.wrong:
        where = f"They stand in {errors}." if errors is not None else "--errors OUT.csv writes them down."
        click.echo(where, err=True)


def _write_problems(errors: Path, file: Path, seen: Look, zone: str) -> None:
    from app import imports
    from app.calllog.rows import Reading
    from app.config import settings

    how = Reading(seen.header, seen.columns, zone or settings().timezone, home=settings().country)
    with errors.open("w", encoding="utf-8", newline="") as out:
        out.writelines(imports.problems_in_file(file, seen.encoding, how, lists.say))
