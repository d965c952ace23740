"""Which conversations are shown as one: those of customers linked as the same person, under one head."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import remembered
from app.models import Conversation


def conversation_of(db: Session, customer_id: int) -> Conversation:
    """The customer's own conversation (not the one it may be shown in)."""
    return db.scalars(select(Conversation).filter_by(customer_id=customer_id)).one()


def conversations_of(db: Session, customer_ids: Collection[int]) -> dict[int, Conversation]:
    """Customer id → :func:`conversation_of`, in one query."""
    rows = db.scalars(select(Conversation).where(Conversation.customer_id.in_(set(customer_ids))))
    return {row.customer_id: row for row in rows}


def head_of(db: Session, conversation: Conversation) -> Conversation:
    """The conversation this one is shown in: itself unless its customer is linked to another."""
    if conversation.head_id in (None, conversation.id):
        return conversation
    return db.get_one(Conversation, conversation.head_id)


def family(db: Session, head: Conversation) -> list[Conversation]:
    """Every conversation shown in `head`'s thread, itself first."""
    return remembered(db, ("family", head.id), lambda: _family(db, head))


def _family(db: Session, head: Conversation) -> list[Conversation]:
    rows = db.scalars(select(Conversation).filter_by(head_id=head.id).order_by(Conversation.id)).all()
    return sorted(rows, key=lambda row: row.id != head.id)


def family_ids(db: Session, head: Conversation) -> list[int]:
    """The ids of :func:`family`."""
    wanted = select(Conversation.id).filter_by(head_id=head.id)
    return remembered(db, ("family ids", head.id), lambda: list(db.scalars(wanted)))
