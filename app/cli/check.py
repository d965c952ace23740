"""`madoguchi check`: what is set, from where, and what is wrong."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterator

import click
from rich.table import Table

from app import embedded
from app.cli import tables
from app.cli.processes import OTHER_KEY, can_be_opened, migration_state
from app.config import LOOPBACK, ConfigError, Settings, settings
from app.options import OPTIONS, where

NOT_SETTINGS = {"MADOGUCHI_CONFIG", "MADOGUCHI_SUPERVISED", "MADOGUCHI_TEST_DB", "MADOGUCHI_SECRET_KEY"}


@click.command()
def check() -> None:
    """Explain the settings: value, where it came from, and what is wrong.

    Exit code 0: ready to serve. 1: something is wrong; each fault is one sentence.
    """
    current = settings()
    tables.show(settings_table(current), wide=160)
    faults = list(find_faults(current))
    for fault in faults:
        click.echo(f"✗ {fault}")
    for hint in find_hints(current):
        click.echo(f"! {hint}")
    if not faults:
        click.echo("✓ Ready: `madoguchi serve`.")
    sys.exit(1 if faults else 0)


def settings_table(current: Settings) -> Table:
    """One row per setting. Secrets are said to be set, never shown."""
    table = Table("Setting", "Value", "From", "Meaning")
    for option in OPTIONS:
        value = getattr(current, option.name)
        table.add_row(
            option.name, _shown(value, secret=option.secret), current.sources[option.name], option.help
        )
    return table


def _shown(value: object, *, secret: bool) -> str:
    if value is None or value == ():
        return "-"
    if secret:
        return "(set)"
    if isinstance(value, tuple):
        return ":".join(map(str, value)) if isinstance(value[-1], int) else ", ".join(map(str, value))
    return where(str(value)) if isinstance(value, str) else str(value)


def find_faults(current: Settings) -> Iterator[str]:
    """What would keep `serve` from working. Looks, and makes nothing."""
    looks: tuple[Callable[[Settings], str | None], ...] = (_data_dir, _secret, _database, _redis)
    for look in looks:
        try:
            if fault := look(current):
                yield fault
        except ConfigError as error:
            yield str(error)


def find_hints(current: Settings) -> Iterator[str]:
    """What works, but is perhaps not meant."""
    known = [variable for option in OPTIONS for variable in option.variables]
    for name in sorted(os.environ):
        if name.startswith("MADOGUCHI_") and name not in known and name not in NOT_SETTINGS:
            close = difflib.get_close_matches(name, known, n=1)
            yield f"{name} is no setting{f'; did you mean {close[0]}?' if close else '.'}"
    if current.host not in LOOPBACK and current.public_url.startswith("http://"):
        yield "Others may reach this machine over plain HTTP; put a TLS proxy before it and set public_url."
    if current.shows_demo and not current.only_here:
        yield "The demo is shown where others reach it, and everybody knows the passwords of its people."


def _data_dir(current: Settings) -> str | None:
    folder = current.data_dir
    while not os.path.exists(folder) and folder != folder.parent:
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return None
    return f"The data directory {current.data_dir} cannot be written. Try --data-dir."


def _secret(current: Settings) -> str | None:
    if current.secret is None and not os.path.exists(current.data_dir / "secret.key"):
        return None  # the first start makes it
    return None if current.secret_key else "unreachable"


def _database(current: Settings) -> str | None:
    path = current.database_url.removeprefix("sqlite:///")
    if path != current.database_url and not os.path.exists(path):
        return None  # the first start makes it
    if migration_state(current) != "current" or can_be_opened():
        return None
    return OTHER_KEY


def _redis(current: Settings) -> str | None:
    if current.embedded_redis:
        embedded.server_binary()
        return None
    from app import jobs

    try:
        jobs.connection().ping()
    except (jobs.Away, OSError) as error:
        said = str(error).rstrip(".")
        return f"Redis does not answer at {where(current.redis_url)}: {said}."
    return None
