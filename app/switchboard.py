"""Channels: made, changed, switched off, tested. The settings page and the command line both call this."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, vault
from app.db import now
from app.models import Channel
from channels import forms
from channels.base import ChannelError, Health


class Wrong(Exception):
    """Answers that cannot be used: `errors`, field name -> English sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
        self.errors = dict(errors)


def all_channels(db: Session) -> list[Channel]:
    """Every channel, oldest first."""
    return list(db.scalars(select(Channel).order_by(Channel.id)))


def find_channel(db: Session, named: str) -> Channel:
    """By key, or by number. Raises LookupError."""
    found = db.scalar(select(Channel).where(Channel.key == named))
    if found is None and named.isascii() and named.isdigit() and len(named) < 19:
        found = db.get(Channel, int(named))
    if found is None:
        raise LookupError(named)
    return found


def find_open(db: Session, key: str) -> Channel | None:
    """The channel with this public key, if there is one and it is switched on."""
    return db.scalar(select(Channel).where(Channel.key == key, Channel.enabled))


def add_channel(
    db: Session, kind: str, name: str, answers: Mapping[str, Any], key: str | None = None
) -> Channel:
    """A new channel of `kind`, from the answers to its form. Raises `Wrong`, `registry.UnknownKind`."""
    reading = forms.read_settings(kind, answers)
    _refuse(reading.errors, name)
    channel = Channel(
        kind=kind,
        name=name.strip(),
        key=key or secrets.token_urlsafe(12),
        settings=reading.plain,
        secrets=vault.seal(reading.secret),
        cursor={},
    )
    db.add(channel)
    db.flush()
    return channel


def change_channel(db: Session, channel: Channel, name: str, answers: Mapping[str, Any]) -> None:
    """New answers; a secret left empty keeps what is stored. Raises `Wrong`, `vault.Unreadable`."""
    kept = vault.unseal(channel.secrets)
    reading = forms.read_settings(channel.kind, answers, frozenset(kept))
    _refuse(reading.errors, name)
    channel.name, channel.settings = name.strip(), reading.plain
    channel.secrets = vault.seal({**kept, **reading.secret})
    channel.health, channel.health_text, channel.health_at = "unknown", "", None


def switch(channel: Channel, *, on: bool) -> None:
    """Let the channel receive and send, or not."""
    channel.enabled = on


def probe(channel: Channel) -> tuple[str, str]:
    """Ask the provider: (`ok`, `failing` or `unknown`, its sentence). Calls out; hold no transaction."""
    try:
        connector = connect.connector(channel)
        if not isinstance(connector, Health):
            return "unknown", "This kind of channel has nothing to test."
        return "ok", connector.check()
    except (ChannelError, vault.Unreadable, LookupError) as error:
        return "failing", str(error)


def record_health(channel: Channel, health: str, sentence: str) -> None:
    """Keep what `probe` found."""
    channel.health, channel.health_text, channel.health_at = health, sentence, now()


def _refuse(errors: Mapping[str, str], name: str) -> None:
    if not name.strip():
        errors = {"name": "A channel needs a name.", **errors}
    if errors:
        raise Wrong(errors)
