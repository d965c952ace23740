"""What the commands that take files of rows in have in common: their options, and what they say of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.imports import Look

SHOWN = 20  # problems that are listed


def _known(_context: click.Context, _option: click.Parameter, zone: str) -> str:
    if not zone:
        return ""
    from app.imports.drafts import check_zone
    from app.inbox import Refused

    try:
        check_zone(zone)
    except Refused as refused:
        raise click.BadParameter(str(refused)) from refused
    return zone


FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
ENCODING = click.option(
    "--encoding", default="", help="Its encoding, where that is found out wrongly (cp932, utf-8, euc_jp …)."
)
ZONE = click.option(
    "--zone", default="", callback=_known, help="The time zone of the times in it [that of the business]."
)
ERRORS = click.option(
    "--errors", type=click.Path(path_type=Path, dir_okay=False), help="Write the rows that are wrong here."
)


def describe(seen: Look) -> None:
    """Tell how a file is read."""
    sheet = f", sheet “{seen.sheet}”" if seen.sheet else ""
    click.echo(f"Read as {seen.encoding}{sheet}:")
    fields = {at: name for name, at in seen.columns.items()}
    for at, name in enumerate(seen.header):
        click.echo(f"  {name or f'column {at + 1}'}: {fields.get(at, '(not used)')}")


def say(sentence: str, values: Mapping[str, object]) -> str:
    """A sentence in the language of the commands."""
    return sentence % values if values else sentence
