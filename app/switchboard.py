"""Channels: made, changed, switched off, tested. The settings page and the command line both call this."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, vault
from app.db import now
from app.events import record
from app.models import Agent, Channel
from app.models.channel import FAILING, PAUSE, REAUTHORISE, UNKNOWN, WORKS
from app.text import one_line
from channels import forms
from channels.base import ChannelError, Health
from channels.forms import Problem

MAX_NAME = 100


class Wrong(Exception):
    """Answers that cannot be used: `errors`, field name -> what is wrong."""

    def __init__(self, errors: Mapping[str, Problem]) -> None:
        super().__init__("; ".join(f"{name}: {forms.told(one)}" for name, one in errors.items()))
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


def find_open_all(db: Session, keys: Collection[str]) -> Sequence[Channel]:
    """:func:`find_open` for several keys."""
    return db.scalars(select(Channel).where(Channel.key.in_(keys), Channel.enabled)).all()


def _key_problem(db: Session, key: str | None) -> dict[str, Problem]:
    """What is wrong with a key that somebody chose: it stands in an address."""
    if key is None:
        return {}
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key):
        return {"key": ("A key has letters, digits, - and _, and 64 of them at most.", {})}
    taken = db.scalar(select(Channel.id).filter_by(key=key))
    return {"key": ("Another channel has this key.", {})} if taken else {}


def add_channel(
    db: Session,
    kind: str,
    name: str,
    answers: Mapping[str, Any],
    key: str | None = None,
    *,
    bot: bool = True,
    pause: int = PAUSE,
    actor: Agent | None = None,
) -> Channel:
    """A new channel of `kind`, from the answers to its form. `pause`: seconds the bot waits for what else is said.
    Raises `Wrong`, `registry.UnknownKind`."""
    reading = forms.read_settings(kind, answers)
    name = one_line(name, MAX_NAME + 1)
    _refuse({**reading.errors, **_key_problem(db, key)}, name)
    channel = Channel(
        kind=kind,
        name=name,
        key=secrets.token_urlsafe(12) if key is None else key,
        settings=reading.plain,
        secrets=vault.seal(reading.secret),
        bot_enabled=bot,
        bot_pause=pause,
        cursor={},
    )
    db.add(channel)
    db.flush()
    _note(db, "audit.channel_added", actor, channel, of=kind)
    return channel


def change_channel(
    db: Session,
    channel: Channel,
    name: str,
    answers: Mapping[str, Any],
    *,
    bot: bool | None = None,
    pause: int | None = None,
    forget: Collection[str] = (),
    actor: Agent | None = None,
) -> None:
    """New answers; a secret left empty keeps what is stored, unless it is one to `forget`.

    Raises `Wrong`, `registry.UnknownKind`.
    """
    _held(db, channel)
    kept = {one: value for one, value in kept_secrets(channel).items() if one not in forget}
    reading = forms.read_settings(channel.kind, answers, frozenset(kept))
    name = one_line(name, MAX_NAME + 1)
    _refuse(reading.errors, name)
    before = channel.settings
    changed = [one for one, value in reading.plain.items() if before.get(one) != value]
    channel.name, channel.settings = name, reading.plain
    channel.secrets = vault.seal({**kept, **reading.secret})
    channel.bot_enabled = channel.bot_enabled if bot is None else bot
    if pause is not None and pause != channel.bot_pause:
        channel.bot_pause = pause
        changed.append("bot_pause")
    _anew(channel)
    _note(db, "audit.channel_changed", actor, channel, changed=[*changed, *reading.secret, *forget])


def kept_secrets(channel: Channel) -> dict[str, Any]:
    """The stored secrets; none if they were stored under another key, so that they can be entered again."""
    try:
        return vault.unseal(channel.secrets)
    except vault.Unreadable:
        return {}


def keep_secrets(
    db: Session, channel: Channel, told: Mapping[str, str], *, actor: Agent | None = None
) -> None:
    """Secrets that the provider gave, beside those that are kept."""
    _held(db, channel)
    channel.secrets = vault.seal({**kept_secrets(channel), **told})
    _anew(channel)
    _note(db, "audit.channel_changed", actor, channel, changed=sorted(told))


def new_secret() -> str:
    """64 characters that nobody can guess, fit for an address (and as a PKCE verifier, RFC 7636, 4.1)."""
    return secrets.token_urlsafe(48)


def switch(db: Session, channel: Channel, *, on: bool, actor: Agent | None = None) -> None:
    """Let the channel receive and send, or not."""
    if channel.enabled != on:
        channel.enabled = on
        _note(db, "audit.channel_on" if on else "audit.channel_off", actor, channel)


def set_pause(db: Session, channel: Channel, seconds: int, *, actor: Agent | None = None) -> None:
    """How long the bot waits there for what else is said."""
    if channel.bot_pause != seconds:
        channel.bot_pause = seconds
        _note(db, "audit.channel_changed", actor, channel, changed=["bot_pause"])


def probe(channel: Channel) -> tuple[str, str]:
    """Ask the provider: (`ok`, `failing`, `reauthorise` or `unknown`, its sentence). Calls out; hold no transaction."""
    try:
        connector = connect.connector(channel)
        if not isinstance(connector, Health):
            return UNKNOWN, "This kind of channel has nothing to test."
        return WORKS, connector.check()
    except ChannelError as error:
        return REAUTHORISE if error.reauthorise else FAILING, str(error)
    except (vault.Unreadable, LookupError) as error:
        return FAILING, str(error)


def record_health(channel: Channel, health: str, sentence: str) -> None:
    """Keep what `probe` found."""
    channel.health, channel.health_text, channel.health_at = health, sentence, now()
    if health == WORKS:
        channel.rests_until = None


def _held(db: Session, channel: Channel) -> None:
    """As it is now, until the transaction ends: a token that the platform renewed meanwhile is good once."""
    db.refresh(channel, with_for_update={"key_share": True})


def _anew(channel: Channel) -> None:
    """What was wrong before says nothing about the channel as it is now."""
    channel.health, channel.health_text, channel.health_at, channel.rests_until = UNKNOWN, "", None, None


def _refuse(errors: Mapping[str, Problem], name: str) -> None:
    if not name:
        errors = {"name": ("A channel needs a name.", {}), **errors}
    elif len(name) > MAX_NAME:
        errors = {"name": ("At most %(n)s characters.", {"n": MAX_NAME}), **errors}
    if errors:
        raise Wrong(errors)


def _note(db: Session, kind: str, actor: Agent | None, channel: Channel, **data: Any) -> None:
    record(db, kind, agent=actor, channel_id=channel.id, name=channel.name, **data)
