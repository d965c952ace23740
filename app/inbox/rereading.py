"""What could not be read when it came in, once it can be: the message it really is, in the place of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import search
from app.db import now
from app.events import record
from app.family import family_ids
from app.inbox.cases import resolve
from app.inbox.holding import hold
from app.inbox.receiving import MAX_TEXT, Said
from app.inbox.summary import recount
from app.models import Case, Conversation, Identity, Message, MessageSource
from app.models.conversation import RESOLVED
from app.models.message import asks
from app.text import clean

OURS = ("tool", "out_of_turn", "history")  # in a message's context: what happened to it here


def become(db: Session, message: Message, identity: Identity, said: Said) -> None:
    """Let `message` be what was read now. It keeps its place, its number, its case and what was answered to it."""
    conversation = db.get_one(Conversation, message.conversation_id)
    head = hold(db, conversation)
    db.refresh(message)
    was = _told(message)
    kept = {name: message.context[name] for name in OURS if name in message.context}
    message.identity_id, message.external_id = identity.id, said.external_id
    message.text, message.html = clean(said.text)[:MAX_TEXT], clean(said.html)
    message.subject, message.context = clean(said.subject)[:500], {**said.context, **kept}
    db.execute(delete(MessageSource).where(MessageSource.message_id == message.id))
    case = db.get(Case, message.case_id) if message.case_id else None
    if case is not None and not case.subject:
        case.subject = message.subject[:200]
    db.flush()
    search.index_message(db, message)
    recount(db, head)
    record(db, "message.reread", head, message=message, was=was)


def give_way(db: Session, message: Message, others: Sequence[Message]) -> None:
    """Leave of `message` only where its words stand now: with their real writer, or on what they are about."""
    conversation = db.get_one(Conversation, message.conversation_id)
    head = hold(db, conversation)
    db.refresh(message)
    if message.removed_at:
        return
    was = _told(message)
    search.remove(db, message)
    message.text = message.html = message.subject = ""
    counted = {name: message.context[name] for name in ("sort", *OURS) if name in message.context}
    there = {"id": others[0].id, "conversation": others[0].conversation_id} if others else {}
    message.context, message.removed_at = {**counted, "reread": there}, now()
    db.flush()
    if head.last_message_id == message.id:
        head.last_preview = ""
    record(db, "message.reread", head, message=message, was=was, now=there)
    if head.status != RESOLVED and not _asks_besides(db, head, message):
        resolve(db, None, head, by="reread")


def _told(message: Message) -> dict[str, Any]:
    why = str(message.context.get("why", ""))
    return {"subject": message.subject[:200], "text": message.text[:200], "why": why}


def _asks_besides(db: Session, head: Conversation, message: Message) -> bool:
    mine = Message.conversation_id.in_(family_ids(db, head))
    return db.scalar(select(Message.id).where(mine, asks(), Message.id != message.id).limit(1)) is not None
