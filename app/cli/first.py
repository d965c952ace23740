"""What a new installation needs before anybody can sign in."""

from __future__ import annotations

import secrets

from app.config import Settings

DEFAULT_ADMIN = "admin@madoguchi.example"


def is_new() -> bool:
    """True while nobody can sign in."""
    from sqlalchemy import select

    from app.db import reading
    from app.models import Agent

    with reading() as db:
        return db.scalar(select(Agent.id).limit(1)) is None


def make_admin(settings: Settings) -> tuple[str, str | None]:
    """The first admin, from the settings; the password is returned only when it was made up here."""
    from app import people
    from app.db import transaction

    email = settings.admin_email or DEFAULT_ADMIN
    password = settings.admin_password or made_up_password()
    with transaction() as db:
        people.create_agent(db, email=email, name="Admin", password=password, role="admin")
    return email, None if settings.admin_password else password


def made_up_password() -> str:
    """Easy to read aloud and type, about 70 bits: four groups of four without look-alike letters."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
