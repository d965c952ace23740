"""What is said anew or taken back by its sender."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import search
from app.db import now
from app.events import record
from app.inbox.holding import hold
from app.inbox.reacting import forget_reactions
from app.inbox.receiving import MAX_TEXT
from app.inbox.summary import show
from app.models import Attachment, Conversation, Decision, Message, MessageSource, RemoteFile
from app.text import clean

_STAYS = ("sort", "out_of_turn", "history", "image_set")  # of the context, where the words are forgotten


def edit(db: Session, conversation: Conversation, message: Message, text: str, at: datetime) -> None:
    """The sender changed their message; of several edits the latest `at` wins."""
    head = hold(db, conversation)
    db.refresh(message)
    if message.removed_at or (message.edited_at and at <= message.edited_at):
        return
    message.text, message.edited_at = clean(text)[:MAX_TEXT], at
    if head.last_message_id == message.id:
        show(head, message)
    search.index_message(db, message)
    record(db, "message.edited", head, actor=message.author, message=message)


def unsend(db: Session, conversation: Conversation, message: Message) -> None:
    """The sender took their message back: text and files are forgotten, a tombstone stays."""
    head = hold(db, conversation)
    db.refresh(message)
    if message.removed_at:
        return
    search.remove(db, message)
    message.text = message.html = message.subject = ""
    counts: dict[str, Any] = {name: message.context[name] for name in _STAYS if name in message.context}
    message.context, message.removed_at = counts, now()
    forget_reactions(db, message)
    db.execute(delete(MessageSource).where(MessageSource.message_id == message.id))
    db.execute(delete(RemoteFile).where(RemoteFile.message_id == message.id))
    for decision in db.scalars(select(Decision).filter_by(message_id=message.id)):
        decision.detail = {**decision.detail, "question": ""}
    for attachment in db.scalars(select(Attachment).filter_by(message_id=message.id)):
        attachment.message_id = None
    if head.last_message_id == message.id:
        head.last_preview = ""
    record(db, "message.removed", head, actor=message.author, message=message)
