"""`madoguchi backup` and `madoguchi restore`: everything in one file, and back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app import datadir
from app.cli.processes import migration_state, prepare
from app.cli.progress import progress
from app.config import settings

if TYPE_CHECKING:  # loading it takes the time that `--help` should not
    from app.backup.archive import Manifest


@click.command()
@click.argument("target", type=click.Path())
@click.option(
    "--with-key", is_flag=True, help="Put the secret key in as well. Then the file opens everything."
)
def backup(target: str, with_key: bool) -> None:
    """Write everything into one file while the product runs: rows, attachments, settings.

    TARGET is a new file, or a folder that gets one with the time in its name; with a / at its end
    it must be a folder. The file appears under its name only when it is whole. It works the same
    on SQLite and PostgreSQL, and each reads what the other wrote.

    \b
    Examples:
      madoguchi backup /srv/backup/
      madoguchi backup --with-key /media/safe/desk.tar
    """
    prepare()
    from app import backup as backups

    if target.endswith(os.sep) and not os.path.isdir(target):  # a Path would drop the end, and be a new file
        raise click.ClickException(
            f"There is no folder {target}; make it, or leave out the {os.sep} at the end."
        )
    try:
        with progress() as step:
            made = backups.make(Path(target), with_key=with_key, step=step)
    except backups.Unusable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{made.path}, {made.size / 1e6:.1f} MB: {_what(made.manifest)}.")
    for name in made.manifest.missing:
        click.echo(f"! {name} is named by a row, and is not in the storage or cannot be read.")
    for name in made.manifest.damaged:
        click.echo(f"! {name} holds other bytes than when it was stored.")
    if not with_key:
        click.echo("The secret key is not in it; keep a copy of that apart.")
    # The rows are safe; but where this counted as done, the timer would take older backups away.
    if made.manifest.missing and not made.manifest.files:
        raise click.ClickException(f"None of the files is there: is {settings().data_dir / 'files'} mounted?")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only read FILE and compare every hash; change nothing.")
@click.option(
    "--silent", is_flag=True, help="Disable every channel and webhook: for a copy that must not send."
)
def restore(file: Path, check: bool, silent: bool) -> None:
    """Put a backup back into an empty installation, and recount everything.

    The database may be another engine than the one it was made on. A backup of an older version
    is brought to this one; one of a newer version is refused, and so is an installation with
    anything in it. If anything fails, the database stays empty.

    Exit code 0: everything is back and adds up. 1: it was refused, or something does not add up.

    \b
    Examples:
      madoguchi restore --check desk.tar
      madoguchi --data-dir /srv/desk restore desk.tar
      DATABASE_URL=postgresql://desk@db/desk madoguchi restore desk.tar
    """
    current = settings()
    if not check:
        datadir.ensure(current.data_dir)
        migration_state(current)  # a database that cannot be reached is told in a sentence
    from app import backup as backups

    try:
        with progress() as step:
            done = None if check else backups.restore(file, silent=silent, step=step)
            manifest = done.manifest if done else backups.check(file, step)
    except backups.Unusable as error:
        raise click.ClickException(str(error)) from error
    if done is None:
        click.echo(f"{file} is whole: {_what(manifest)}.")
        return
    click.echo(str(done.report))
    click.echo(f"Restored {_what(manifest)}.")
    for remark in done.remarks:
        click.echo(f"! {remark}")
    sys.exit(0 if done.report.clean else 1)


def _what(manifest: Manifest) -> str:
    rows = sum(table.rows for table in manifest.tables)
    made = f"version {manifest.version} on {manifest.engine}"
    return f"{rows} rows and {manifest.files} files of {manifest.made_at}, {made}"
