"""What is said anew or taken back by its sender."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app import search
from app.db import now
from app.events import record
from app.inbox.holding import hold
from app.inbox.reacting import forget_reactions
from app.inbox.receiving import CUT, MAX_TEXT
from app.inbox.summary import show
from app.models import Attachment, Conversation, Decision, Message, MessageSource, RemoteFile
from app.text import clean

_STAYS = (
    "sort",
    "out_of_turn",
    "left",
    "history",
    "image_set",
    "undelivered",
)  # of the context, where the words are forgotten
_TOGETHER = 20  # messages later, and no more, may have been answered together with one


def edit(db: Session, conversation: Conversation, message: Message, text: str, at: datetime) -> None:
    """The sender changed their message; of several edits the latest `at` wins."""
    head = hold(db, conversation)
    db.refresh(message)
    if message.removed_at or (message.edited_at and at <= message.edited_at):
        return
    said = clean(text)
    message.text, message.html, message.edited_at = said[:MAX_TEXT], "", at
    _note_cut(message, len(said) > MAX_TEXT)
    if head.last_message_id == message.id:
        show(head, message)
    search.index_message(db, message)
    record(db, "message.edited", head, actor=message.author, message=message)


def _note_cut(message: Message, cut: bool) -> None:
    """The thread says that only the beginning is kept as long as that is so."""
    if cut:
        message.context = {**message.context, "notice": CUT}
    elif message.context.get("notice") == CUT:
        message.context = {name: value for name, value in message.context.items() if name != "notice"}


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
    _forget_asked(db, message)
    for attachment in db.scalars(select(Attachment).filter_by(message_id=message.id)):
        attachment.message_id = None
    if head.last_message_id == message.id:
        head.last_preview = ""
    record(db, "message.removed", head, actor=message.author, message=message)


def _forget_asked(db: Session, message: Message) -> None:
    """No question that the bot was asked holds these words any more: neither that of their own message, nor those of
    messages after it that were answered together with it."""
    after = select(Message.id).where(
        Message.conversation_id == message.conversation_id,
        Message.id > message.id,
        Message.kind == message.kind,
    )
    few = after.order_by(Message.id).limit(_TOGETHER)
    about = or_(Decision.message_id == message.id, Decision.message_id.in_(few))
    for decision in db.scalars(select(Decision).where(about)):
        together = decision.detail.get("together", [])
        if decision.message_id != message.id and message.id not in together:
            continue
        told = select(Message.text).where(Message.id.in_(together), Message.removed_at.is_(None))
        left = "" if decision.message_id == message.id else "\n".join(db.scalars(told.order_by(Message.id)))
        decision.detail = {**decision.detail, "question": left[:2000]}
