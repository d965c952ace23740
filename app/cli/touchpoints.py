"""`madoguchi touchpoints`: orders, visits and points in files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from app.cli.processes import prepare
from app.cli.progress import progress
from app.models.touchpoint import KINDS

if TYPE_CHECKING:
    from app.touchpoints.importing import Problem, Taken

SHOWN = 20  # problems that are listed


@click.group()
def touchpoints() -> None:
    """What customers did that is no message: orders, visits, points.

    \b
    Examples:
      madoguchi touchpoints import orders.csv --source shop
      madoguchi touchpoints import visits.xlsx --source till --kind visit --create
    """


@touchpoints.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", default="csv", show_default=True, help="The name of the system it comes from.")
@click.option("--kind", type=click.Choice(KINDS), help="What the rows are where no column says so.")
@click.option("--currency", default="JPY", show_default=True, help="Of amounts where no column says so.")
@click.option("--zone", default="", help="The time zone of the times in it [that of the business].")
@click.option(
    "--encoding", default="", help="Its encoding, where that is found out wrongly (cp932, euc_jp …)."
)
@click.option("--create", is_flag=True, help="Begin a new customer for whoever is not known here.")
@click.option(
    "--errors", type=click.Path(path_type=Path, dir_okay=False), help="Write the rows that are wrong here."
)
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
    from app.config import settings
    from app.tables import Unreadable
    from app.touchpoints.importing import How, take

    how = How(
        source.strip()[:64] or "csv",
        kind or "",
        currency.upper()[:3],
        ZoneInfo(zone or settings().timezone),
        encoding,
        create,
    )
    problems: list[Problem] = []
    try:
        with progress(aside=True) as step:
            taken = take(file, how, problems.append, lambda share: step(file.name, int(share * 100), 100))
    except Unreadable as problem:
        click.echo(f"{file}: {problem}", err=True)
        sys.exit(2)
    _report(taken, problems, errors)
    sys.exit(1 if problems else 0)


def _report(taken: Taken, problems: list[Problem], errors: Path | None) -> None:
    for row, sentence in problems[:SHOWN]:
        click.echo(f"Line {row.line}: {sentence}", err=True)
    if len(problems) > SHOWN:
        click.echo(f"… and {len(problems) - SHOWN} more.", err=True)
    if errors is not None and problems:
        _write(errors, problems)
    told = ", ".join(f"{field} = {name}" for field, name in taken.columns.items())
    click.echo(f"Columns ({taken.encoding}): {told}")
    counts = taken.counts
    click.echo(
        f"{counts['new']} new, {counts['changed']} changed, {counts['unchanged'] + counts['older']} known already, "
        f"{counts['refused']} refused; {taken.waiting} wait for their customer."
    )


def _write(path: Path, problems: list[Problem]) -> None:
    from app.tables import BOM, line_of

    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM + line_of(["line", "problem"]))
        for row, sentence in problems:
            file.write(line_of([str(row.line), sentence, *row.cells]))
