"""What an installation needs before it is served: tables of this version, and somebody who can sign in."""

from __future__ import annotations

import os
import secrets

import click

from app.cli.processes import OTHER_KEY, bring_up, can_be_opened, loading
from app.cli.progress import progress
from app.config import ConfigError, Settings, settings

DEFAULT_ADMIN = "admin@madoguchi.example"


@click.command(hidden=True)
@click.option("--report", type=int, required=True, help="Descriptor that gets the lines to show.")
def prepare(report: int) -> None:
    """Migrate; on the first start make an admin and load the demo.

    `serve` runs this as a process of its own: the supervisor stays small, and starts in time.
    """
    current = settings()
    with loading():
        from app import demo, migrations, people  # noqa: F401 - what all of it needs
    bring_up(current)
    lines = [*(welcome(current) if is_new() else ()), *demo_people()]
    lines += [] if can_be_opened() else [OTHER_KEY]
    with os.fdopen(report, "w") as told:
        told.write("\n".join(lines))


def is_new() -> bool:
    """True while nobody can sign in."""
    from sqlalchemy import select

    from app.db import reading
    from app.models import Agent

    with reading() as db:
        return db.scalar(select(Agent.id).limit(1)) is None


def welcome(current: Settings) -> list[str]:
    """Make the first admin and the demo; how to sign in, told once."""
    email, password = make_admin(current)
    lines = [
        f"Sign in as        {email}",
        f"Password          {password or 'as set in MADOGUCHI_ADMIN_PASSWORD'}",
    ]
    if password:
        lines.append("                  (told this once; `madoguchi user password` sets another)")
    if current.shows_demo:
        from app import demo

        with progress() as step:
            demo.load(step)
    return lines


def demo_people() -> list[str]:
    """Who can sign in to the demo; their password is no secret, so it is told at each start."""
    from app import demo
    from app.db import reading

    with reading() as db:
        people, loaded = demo.shown(db), demo.accounts(db)
    if loaded and not people:
        return [
            "The demo is loaded, but not shown: its people cannot sign in with the password that everybody knows."
        ]
    return [f"Demo {person.role:<12} {person.email}   {person.password}" for person in people]


def make_admin(current: Settings) -> tuple[str, str | None]:
    """The first admin, from the settings; the password is returned only when it was made up here."""
    from app import people
    from app.db import transaction
    from app.inbox import Refused

    email = current.admin_email or DEFAULT_ADMIN
    password = current.admin_password or made_up_password()
    try:
        with transaction() as db:
            people.add(db, None, email=email, name="Admin", password=password, role="admin")
    except Refused as refused:
        raise ConfigError(f"The first admin {email} could not be made: {refused}") from refused
    return email, None if current.admin_password else password


def made_up_password() -> str:
    """Easy to read aloud and type, about 79 bits: four groups of four without look-alike letters."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
