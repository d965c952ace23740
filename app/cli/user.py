"""`madoguchi user`: who may sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.table import Table

from app.cli import tables
from app.cli.first import made_up_password
from app.cli.processes import prepare

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.models import Agent, Channel

ROLES = click.Choice(["agent", "supervisor", "admin", "store"])


@click.group()
def user() -> None:
    """People who sign in: add, list, password, role, deactivate.

    \b
    Examples:
      madoguchi user add kei@shop.example --name "佐藤 恵" --role supervisor
      madoguchi user password kei@shop.example
      madoguchi user deactivate kei@shop.example
    """


@user.command()
@click.argument("email")
@click.option("--name", help="As customers see it [the part before the @].")
@click.option("--role", type=ROLES, default="agent", show_default=True, help="What they may do.")
@click.option("--store", help="The store that shop staff work in: its key or number.")
@click.option("--password", help="Otherwise one is made up and printed once.")
def add(email: str, name: str | None, role: str, store: str | None, password: str | None) -> None:
    """Let a new person sign in."""
    prepare()
    from app import people

    chosen = password or made_up_password()
    with _changing() as db:
        who = {"email": email, "name": name or email.partition("@")[0], "password": chosen}
        people.add(db, None, **who, role=role, store=_store(db, store))
    click.echo(f"{email} can sign in now as {role}.")
    if not password:
        click.echo(f"Password: {chosen} (told this once)")


@user.command(name="list")
def list_() -> None:
    """Show everybody."""
    prepare()
    from sqlalchemy import select

    from app.db import reading
    from app.models import Agent

    table = Table("Email", "Name", "Role", "Active", "Since")
    with reading() as db:
        for agent in db.scalars(select(Agent).order_by(Agent.email)):
            since = f"{agent.created_at:%Y-%m-%d}"
            table.add_row(agent.email, agent.name, agent.role, "yes" if agent.active else "no", since)
    tables.show(table)


@user.command()
@click.argument("email")
@click.option("--password", help="Otherwise one is made up and printed once.")
def password(email: str, password: str | None) -> None:
    """Set a new password; signs the person out everywhere."""
    prepare()
    from app import people

    chosen = password or made_up_password()
    with _changing() as db:
        people.set_password(db, None, _find(db, email), chosen)
    click.echo(f"Password of {email}: {'set' if password else f'{chosen} (told this once)'}")


@user.command()
@click.argument("email")
@click.argument("new_role", metavar="ROLE", type=ROLES)
@click.option("--store", help="The store that shop staff work in: its key or number.")
def role(email: str, new_role: str, store: str | None) -> None:
    """Make somebody agent, supervisor, admin or (store) shop staff."""
    prepare()
    from app import people

    with _changing() as db:
        people.change_role(db, None, _find(db, email), new_role, _store(db, store))
    click.echo(f"{email} is {new_role} now.")


@user.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Keep somebody out, and sign them out everywhere. What they wrote stays."""
    prepare()
    from app import people

    with _changing() as db:
        people.deactivate(db, None, _find(db, email))
    click.echo(f"{email} can no longer sign in.")


@contextmanager
def _changing() -> Iterator[Session]:
    """A transaction whose refusals are sentences."""
    from app.db import transaction
    from app.inbox import Refused

    try:
        with transaction() as db:
            yield db
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused


def _store(db: Session, named: str | None) -> Channel | None:
    from app import switchboard

    try:
        return switchboard.find_channel(db, named) if named else None
    except LookupError as error:
        raise click.ClickException(
            f"There is no channel {named}; `madoguchi channel list` shows them."
        ) from error


def _find(db: Session, email: str) -> Agent:
    from app import people

    agent = people.by_email(db, email)
    if agent is None:
        raise click.ClickException(f"Nobody signs in as {email}; `madoguchi user list` shows everybody.")
    return agent
