"""Customers are shown that what they wrote was read, where their platform lets us."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, rates, vault
from app.db import reading
from app.family import family_ids
from app.models import Channel, Conversation, Message
from app.models.message import INBOUND
from channels import registry
from channels.base import ChannelError, MarksRead

log = logging.getLogger(__name__)

ONCE = 86_400.0  # seconds in which a message is marked once, however many agents read it


def show(conversation_id: int, until: int) -> int:
    """Mark the newest message of each channel in a thread, up to the one with the number `until`, as read; what came
    before it is with it. Returns how many platforms were told. What cannot be shown costs a line in the log.
    """
    with reading() as db:
        newest = list(_newest(db, db.get_one(Conversation, conversation_id), until))
    return sum(_show(channel, message) for channel, message in newest)


def _newest(db: Session, conversation: Conversation, until: int) -> Iterator[tuple[Channel, Message]]:
    theirs = select(Message).where(
        Message.conversation_id.in_(family_ids(db, conversation)),
        Message.kind == INBOUND,
        Message.id <= until,
    )
    latest_first = theirs.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)
    for channel in db.scalars(select(Channel).where(Channel.enabled)):
        if not connect.marks_read(channel):
            continue
        message = db.scalar(latest_first.where(Message.channel_id == channel.id))
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
