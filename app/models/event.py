"""Append-only record of one change: what realtime, the audit trail and webhooks read."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Id, Made, Object, Ref, Word

_PEOPLE = text("agent_id IS NOT NULL")  # most events are customers' and have no agent


class Event(Base):
    """``prev_id`` is the event before it in the same conversation (0: none): a reader sees every gap.

    ``position`` is its place in the order everybody follows, given after the commit; SQLite needs none, see
    :mod:`app.feed`. Its indexes are kept empty there.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_conversation", "conversation_id", "id"),
        Index("ix_event_at", "at"),
        Index("ix_event_agent", "agent_id", "id", sqlite_where=_PEOPLE, postgresql_where=_PEOPLE),
        Index("uq_event_position", "position", unique=True, sqlite_where=text("position IS NOT NULL")),
        Index(
            "ix_event_unplaced",
            "id",
            sqlite_where=text("position = 0"),
            postgresql_where=text("position IS NULL"),
        ),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref | None] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[Word]
    at: Mapped[Made]
    actor: Mapped[Word] = mapped_column(default="system")  # agent, customer, bot, system
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"))
    prev_id: Mapped[Ref] = mapped_column(default=0)
    data: Mapped[Object]
    position: Mapped[Ref | None]


class FeedEnd(Base):
    """The last position given: one row, and who holds it is the one who gives the next."""

    __tablename__ = "feed_end"

    id: Mapped[Id]  # 1
    position: Mapped[Ref] = mapped_column(default=0)
