"""Append-only record of one change: what realtime, the audit trail and webhooks read."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Id, Made, Object, Ref, Word


class Event(Base):
    """``prev_id`` is the event before it in the same conversation (0: none): a reader sees every gap."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_conversation", "conversation_id", "id"), Index("ix_event_at", "at"))

    id: Mapped[Id]
    conversation_id: Mapped[Ref | None] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[Word]
    at: Mapped[Made]
    actor: Mapped[Word] = mapped_column(default="system")  # agent, customer, bot, system
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"))
    prev_id: Mapped[Ref] = mapped_column(default=0)
    data: Mapped[Object]
