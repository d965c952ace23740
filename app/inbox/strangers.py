"""Somebody who answered a message of a conversation in which nobody named them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.events import record
from app.inbox.holding import hold
from app.inbox.lines import line
from app.models import Conversation, Identity, Message
from app.models.message import SYSTEM

STRANGER = "stranger"


def tell_of_stranger(db: Session, answered: int, who: Identity, theirs: Conversation) -> None:
    """Say in the conversation that was answered who did it, and where their words stand. Once for each address."""
    place = db.get_one(Conversation, answered)
    head = hold(db, place)
    before = select(Message.id).where(
        Message.conversation_id == answered,
        Message.kind == SYSTEM,
        Message.context["what"].as_string() == STRANGER,
        Message.context["address"].as_string() == who.address,
    )
    if db.scalar(before.limit(1)) is not None:
        return
    said = line(db, place, STRANGER, name=who.display, address=who.address, conversation=theirs.id)
    record(db, "stranger", head, actor="customer", message=said, where=theirs.id)
