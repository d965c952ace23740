"""A late bot: it says what it decided a second and a half ago, whoever has the thread by then."""

from __future__ import annotations

import threading

from sqlalchemy.orm import Session

from app import inbox
from app.bot import answers
from app.db import after_commit, transaction
from app.models import Channel, Conversation, Identity, Message
from app.models.conversation import BOT

LATE = 1.5  # seconds
_respond = answers.respond


def _respond_later(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    message: Message,
    *,
    more: bool = False,
) -> None:
    if head.owner != BOT or not channel.bot_enabled:
        return
    ids = (channel.id, identity.id, head.id, message.id)
    after_commit(db, lambda: threading.Timer(LATE, _say, ids).start())


def _say(channel: int, identity: int, conversation: int, message: int) -> None:
    with transaction() as db:
        head = inbox.hold(db, db.get_one(Conversation, conversation))
        owner, head.owner = head.owner, BOT  # nobody looks who has it now, nor under which epoch
        whose = (db.get_one(Channel, channel), db.get_one(Identity, identity))
        whose[0].bot_pause = 0  # it has waited
        _respond(db, *whose, head, db.get_one(Message, message))
        if head.owner == BOT:
            head.owner = owner


answers.respond = _respond_later
