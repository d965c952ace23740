"""Customers are shown that what they wrote was read, and that an agent is writing, where their platform lets us."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import connect, jobs, rates, vault
from app.db import reading
from app.family import family_ids
from app.models import Channel, Conversation, Draft, Identity, Message
from app.models.message import INBOUND
from channels import registry
from channels.base import ChannelError, MarksRead, Person, TypingIndicator

log = logging.getLogger(__name__)

ONCE = 86_400.0  # seconds in which a message is marked once, however many agents read it
TYPING_AGAIN = 8.0  # seconds until it is said again that an agent is writing: platforms show it for 5 to 25


def show(conversation_id: int, until: int) -> int:
    """Mark the newest message of each channel in a thread, up to the one with the number `until`, as read; what came
    before it is with it. Returns how many platforms were told. What cannot be shown costs a line in the log.
    """
    with reading() as db:
        newest = list(_newest(db, db.get_one(Conversation, conversation_id), until))
    return sum(_show(channel, message) for channel, message in newest)


def typing(conversation_id: int, agent_id: int) -> None:
    """An agent is writing: have it shown on the channel they chose, else the one the thread was last on. Costs next to
    nothing elsewhere."""
    if rates.hit(f"typing:{conversation_id}", 1, TYPING_AGAIN):
        return
    with reading() as db:
        channel = _way(db, conversation_id, agent_id)
    if channel is not None and connect.shows_typing(channel):
        with contextlib.suppress(jobs.Away):
            jobs.enqueue("app.shown.show_typing", conversation_id, channel.id)


def show_typing(conversation_id: int, channel_id: int) -> bool:
    """Tell the platform, which shows it for a while; whether it was told. Losing it costs nothing."""
    with reading() as db:
        channel = db.get_one(Channel, channel_id)
        latest = _latest(db, conversation_id, channel)
    if latest is None:
        return False
    try:
        by = connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable):
        return False
    if isinstance(by, TypingIndicator):
        by.typing(*latest)
    return isinstance(by, TypingIndicator)


def _latest(db: Session, conversation_id: int, channel: Channel) -> tuple[Person, Mapping[str, Any]] | None:
    """Who wrote there last, and the context of what they wrote."""
    latest = _of_thread(db, db.get_one(Conversation, conversation_id))
    message = db.scalar(latest.where(Message.channel_id == channel.id))
    identity = db.get(Identity, message.identity_id) if message else None
    if message is None or identity is None:
        return None
    return Person(identity.address, identity.scope, kind=identity.kind), message.context


def _way(db: Session, conversation_id: int, agent_id: int) -> Channel | None:
    """By which the agent's answer would go."""
    head, draft = db.get(Conversation, conversation_id), db.get(Draft, (agent_id, conversation_id))
    chosen = (draft and draft.channel_id) or (head and head.last_channel_id)
    channel = db.get(Channel, chosen) if chosen else None
    return channel if channel and channel.enabled else None


def _of_thread(db: Session, head: Conversation) -> Select[Message]:
    """The customer's newest message."""
    theirs = select(Message).where(Message.conversation_id.in_(family_ids(db, head)), Message.kind == INBOUND)
    return theirs.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)


def _newest(db: Session, conversation: Conversation, until: int) -> Iterator[tuple[Channel, Message]]:
    latest = _of_thread(db, conversation).where(Message.id <= until)
    for channel in db.scalars(select(Channel).where(Channel.enabled)):
        if not connect.marks_read(channel):
            continue
        message = db.scalar(latest.where(Message.channel_id == channel.id))
        if message is not None:
            yield channel, message


def _show(channel: Channel, message: Message) -> bool:
    if rates.hit(f"shown:{message.id}", 1, ONCE):
        return False
    try:
        by = connect.connector(channel)
        if isinstance(by, MarksRead):
            by.mark_read(message.context)
    except (ChannelError, registry.UnknownKind, vault.Unreadable) as error:
        log.info("channel %s does not show that message %s was read: %s", channel.id, message.id, error)
        return False
    return True
