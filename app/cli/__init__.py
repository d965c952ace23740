"""The command line: `madoguchi COMMAND`. Each command's module is imported when it is needed."""

from __future__ import annotations

import gc
import importlib
from pathlib import Path
from typing import Any

import click

from app import __version__
from app.config import ConfigError, configure

COMMANDS = {
    "serve": "app.cli.serve",
    "prepare": "app.cli.first",
    "web": "app.cli.processes",
    "worker": "app.cli.processes",
    "poll": "app.cli.processes",
    "migrate": "app.cli.processes",
    "demo": "app.cli.demo",
    "user": "app.cli.user",
    "channel": "app.cli.channel",
    "mail": "app.cli.mail",
    "calls": "app.cli.calls",
    "customers": "app.cli.customers",
    "touchpoints": "app.cli.touchpoints",
    "check": "app.cli.check",
    "verify": "app.cli.verify",
    "backup": "app.cli.backup",
    "restore": "app.cli.backup",
    "sandbox": "app.cli.sandbox",
    "bot": "app.cli.bot",
    "bench": "app.cli.bench",
}


class Commands(click.Group):
    """Finds commands in the table above, and says a wrong setting as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name != "prepare"]  # for `serve` only

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise click.ClickException(str(error)) from error


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="madoguchi")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder for everything that is kept [./data]."
)
def cli(data_dir: Path | None) -> None:
    """Madoguchi (窓口): one inbox for everything a customer says to a business.

    \b
    Start here:
      madoguchi serve                 everything on http://127.0.0.1:8000, with a demo
      madoguchi check                 what is set, from where, and what is wrong
      madoguchi user add kei@shop.example --role admin

    Settings come from the environment (MADOGUCHI_PORT, DATABASE_URL, REDIS_URL ...), from
    madoguchi.toml in the data directory, or the file that MADOGUCHI_CONFIG names.
    """
    if data_dir is not None:
        configure(data_dir=data_dir)


def main() -> None:
    """The `madoguchi` program."""
    try:
        cli(prog_name="madoguchi")
    finally:
        gc.freeze()  # what ends with the process is not looked through once more: half a second
