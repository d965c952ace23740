"""The one thread of a customer, for ever, with the summary its row in the list needs."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Id, Line, Made, Object, Ref, Word

OPEN, SNOOZED, RESOLVED = "open", "snoozed", "resolved"
BOT, HUMAN = "bot", "human"


def _waiting(name: str, whose: str) -> Index:
    """Who waits of somebody's, in order: without it their list walks over everybody else's."""
    waits = text("waiting_since IS NOT NULL")
    return Index(name, whose, "status", "waiting_since", "id", sqlite_where=waits, postgresql_where=waits)


class Conversation(Base):
    """``head_id`` is the conversation itself, or the one it is shown in while its customer is linked.

    ``owner_epoch`` grows at each handover: what was decided under an older epoch is not said any more.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_latest", "status", "last_message_at", "id"),
        Index("ix_conversation_mine", "assignee_id", "status", "last_message_at", "id"),
        Index("ix_conversation_team", "team_id", "status", "last_message_at", "id"),
        Index("ix_conversation_owner", "owner", "status", "last_message_at", "id"),
        Index("ix_conversation_waiting", "status", "waiting_since", "id"),
        _waiting("ix_conversation_mine_waiting", "assignee_id"),
        _waiting("ix_conversation_team_waiting", "team_id"),
        Index("ix_conversation_snoozed", "status", "snoozed_until"),
        Index(
            "ix_conversation_latest_shown",
            "last_message_at",
            "id",
            sqlite_where=text("head_id = id"),
            postgresql_where=text("head_id = id"),
        ),
    )

    id: Mapped[Id]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), unique=True)
    head_id: Mapped[Ref | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    owner: Mapped[Word] = mapped_column(default=BOT)
    owner_epoch: Mapped[int] = mapped_column(default=0)
    status: Mapped[Word] = mapped_column(default=RESOLVED)
    assignee_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    team_id: Mapped[Ref | None] = mapped_column(ForeignKey("team.id"))
    priority: Mapped[int] = mapped_column(default=0)
    snoozed_until: Mapped[At | None]
    waiting_since: Mapped[At | None]
    last_message_at: Mapped[At | None]
    last_message_id: Mapped[Ref | None]
    last_preview: Mapped[Line] = mapped_column(default="")
    last_author: Mapped[Word] = mapped_column(default="")
    last_channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    inbound_count: Mapped[int] = mapped_column(default=0)
    bot_misses: Mapped[int] = mapped_column(default=0)
    bot_asked: Mapped[Array]
    bot_flow: Mapped[Object] = mapped_column(server_default="{}")  # how far it is in a form
    escalated: Mapped[bool] = mapped_column(default=False)
    last_event_id: Mapped[Ref] = mapped_column(default=0)
    locale: Mapped[Word] = mapped_column(default="")
    created_at: Mapped[Made]
