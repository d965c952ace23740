"""What an agent has in hand: a draft, how far they have read, the lock while they answer."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Made, Object, Ref, Word


class Draft(Base):
    __tablename__ = "draft"

    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), primary_key=True, index=True)
    kind: Mapped[Word] = mapped_column(default="outbound")
    text: Mapped[Body] = mapped_column(default="")
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    # {"others": [{"address": …, "name": …, "role": …}], "subject": …, "quotes": message id} where they were chosen;
    # {"drafted": id of an FAQ entry} where a model made the words of it; {"from": conversation it was begun in} where
    # that is shown in this one since
    more: Mapped[Object]
    version: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[Made]


class ReadMark(Base):
    """Unread = the conversation's ``inbound_count`` less this one's: nothing is counted in a page."""

    __tablename__ = "read_mark"

    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    inbound_count: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[Ref | None]
    read_at: Mapped[Made]


class ReplyLock(Base):
    """Who is answering. One row a conversation; it lapses by itself and can be taken over, knowingly."""

    __tablename__ = "reply_lock"

    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    taken_at: Mapped[Made]
    expires_at: Mapped[At]
