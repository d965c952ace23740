"""`madoguchi demo`: a shop to look at."""

from __future__ import annotations

import click

from app.cli.processes import prepare
from app.cli.progress import progress
from app.config import settings


@click.command()
def demo() -> None:
    """Load the demo: a small shop, its FAQ, its people, and a week of conversations.

    \b
    Into a folder of its own, to try things:
      madoguchi --data-dir /tmp/try migrate
      madoguchi --data-dir /tmp/try demo
    """
    current = settings()
    prepare()
    from app.demo import load

    with progress() as step:
        people = load(step)
    for person in people:
        click.echo(f"{person.role:<10} {person.email}   {person.password}")
    if not current.shows_demo:
        click.echo("These passwords are refused here, unless MADOGUCHI_DEMO=yes is set.")
