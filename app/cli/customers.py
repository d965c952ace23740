"""`madoguchi customers`: lists of customers."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.progress import progress

if TYPE_CHECKING:
    from app.matching import Linked, Match
    from app.matching.sheet import Sheet

SHOWN = 100  # problems that are listed


@click.group()
def customers() -> None:
    """Lists of customers: find out who stands in one twice.

    \b
    Examples:
      madoguchi customers match members.csv > same.csv
      madoguchi customers match members.csv --threshold 0.9 --json | jq .reasons
    """


@customers.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="From which probability on a pair is told.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, with each reason's code and values."
)
def match(file: Path, threshold: float, as_json: bool) -> None:
    """Tell which rows of FILE are one person: id1,id2,score,reasons, best first, as CSV on standard output.

    FILE is CSV (UTF-8, CP932, EUC-JP or UTF-16; "-" is standard input) whose first row names the columns: id, and any
    of name, given_name, surname, kana, email, phone, address, city, state, postcode, date_of_birth, external_id, or
    what lists call these in Japanese and English. Other columns are ignored. What is wrong with single rows is told
    on standard error; exit code 2 if there is no list to be read.

    The score is a probability, learnt from the list itself. Nothing is stored, and no database is needed.
    """
    from app import matching

    sheet = _read(file)
    with progress(aside=True) as step:
        linked = matching.link(matching.records(sheet.rows), threshold, step)
    _report(sheet, linked)
    if as_json:
        for found in linked.matches:
            click.echo(json.dumps(_object(found), ensure_ascii=False))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["id1", "id2", "score", "reasons"])
    writer.writerows(_row(found) for found in linked.matches)


def _read(file: Path) -> Sheet:
    from app.matching import sheet
    from app.tables import Unreadable

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return sheet.read(raw)
    except Unreadable as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(2)


def _report(sheet: Sheet, linked: Linked) -> None:
    if sheet.ignored:
        click.echo(f"Ignored columns: {', '.join(sheet.ignored)}", err=True)
    for line, sentence in sheet.problems[:SHOWN]:
        click.echo(f"Line {line}: {sentence}", err=True)
    if len(sheet.problems) > SHOWN:
        click.echo(f"… and {len(sheet.problems) - SHOWN} more.", err=True)
    left = f"; {linked.skipped} groups too big to be compared in full" if linked.skipped else ""
    done = f"{linked.compared} pairs compared, {len(linked.matches)} told{left}"
    click.echo(f"{len(sheet.rows)} rows ({sheet.encoding}), {done}.", err=True)


def _row(found: Match) -> list[str]:
    from app.matching.saying import told

    said = "; ".join(told("en", reason) for reason in found.reasons)
    return [found.one.id, found.other.id, f"{found.score:.4f}", said]


def _object(found: Match) -> dict[str, object]:
    reasons = [{"code": each.code, "one": each.one, "other": each.other} for each in found.reasons]
    return {"id1": found.one.id, "id2": found.other.id, "score": round(found.score, 4), "reasons": reasons}
