"""`madoguchi touchpoints`: orders, visits and points in files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import lists
from app.cli.processes import prepare
from app.cli.progress import Pace, progress
from app.models.touchpoint import KINDS

if TYPE_CHECKING:
    from app.imports import Counts
    from app.tables import Row

Problems = list[tuple["Row", str]]


@click.group()
def touchpoints() -> None:
    """What customers did that is no message: orders, visits, points.

    \b
    Examples:
      madoguchi touchpoints import orders.csv --source shop
      madoguchi touchpoints import visits.xlsx --source till --kind visit --create
    """


@touchpoints.command(name="import")
@lists.FILE
@click.option("--source", default="csv", show_default=True, help="The name of the system it comes from.")
@click.option("--kind", type=click.Choice(KINDS), help="What the rows are where no column says so.")
@click.option("--currency", default="JPY", show_default=True, help="Of amounts where no column says so.")
@lists.ZONE
@lists.ENCODING
@click.option("--create", is_flag=True, help="Begin a new customer for whoever is not known here.")
@lists.ERRORS
def import_(
    file: Path, source: str, kind: str | None, currency: str, zone: str, encoding: str, create: bool,
    errors: Path | None,
) -> None:  # fmt: skip
    """Take the rows of FILE in: CSV (UTF-8, CP932, EUC-JP, UTF-16) or XLSX, whose first row names the columns.

    Understood are id, kind, at, email, phone, card, crm, name, title, store, reference, amount, currency and points,
    or what lists call these in Japanese and English. The customer is found by any of their addresses; what nobody has
    yet waits until they write. The same file twice changes nothing, so an import that was cut off is simply run again.
    Exit code 1 if rows could not be taken in, 2 if there is no list to be read.
    """
    prepare()
    from app import garbage
    from app.imports import drafts
    from app.tables import Unreadable

    garbage.spare()
    try:
        options = drafts.asked({"kind": kind or "", "currency": currency, "create": create})
        counts, problems, header = _take(file, source.strip()[:64] or "csv", encoding, zone, options)
    except Unreadable as problem:
        click.echo(f"{file}: {problem}", err=True)
        sys.exit(2)
    _report(counts, problems, header, errors)
    sys.exit(1 if problems else 0)


def _take(
    file: Path, source: str, encoding: str, zone: str, options: dict[str, object]
) -> tuple[Counts, Problems, list[str]]:
    """Raises :class:`app.tables.Unreadable`."""
    from app import imports
    from app.config import settings
    from app.imports import sorts, unkept
    from app.tables import Unreadable

    seen = imports.look(file, encoding, zone=zone, rows=0, sort=sorts.OF_TOUCHES)
    lists.describe(seen)
    if problem := sorts.OF_TOUCHES.problem_of(seen.columns, options):
        raise Unreadable(problem)
    layout = sorts.Layout(
        seen.header, seen.columns, zone or settings().timezone, settings().country, options=options
    )
    problems: Problems = []
    pace = Pace()
    with progress(aside=True) as step:
        counts = unkept.take_in(
            file,
            seen.encoding,
            source,
            sorts.OF_TOUCHES.how(layout),
            lists.say,
            lambda row, problem: problems.append((row, problem)),
            lambda counts, share: step(
                "percent taken in", int(share * 100), 100, pace.said(counts.rows, "rows")
            ),
        )
    return counts, problems, seen.header


def _report(counts: Counts, problems: Problems, header: list[str], errors: Path | None) -> None:
    from app.imports.problems import lines

    for row, sentence in problems[: lists.SHOWN]:
        click.echo(f"Line {row.line}: {sentence}", err=True)
    if len(problems) > lists.SHOWN:
        click.echo(f"… and {len(problems) - lists.SHOWN} more.", err=True)
    if errors is not None and problems:
        with errors.open("w", encoding="utf-8", newline="") as out:
            out.writelines(lines(header, problems, lists.say))
    click.echo(
        f"{counts.new} new, {counts.changed} changed, {counts.seen} known already, {counts.wrong} refused; "
        f"{counts.waiting} wait for their customer."
    )
