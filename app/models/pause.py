"""Where the bot waits for what else a customer says, before it answers all of it at once."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Ref


class BotPause(Base):
    """One row a thread that the bot waits in. `messages` are the ids of what was said and not answered, oldest first;
    under the `epoch` it began in they are answered together when `due_at` has come."""

    __tablename__ = "bot_pause"
    __table_args__ = (Index("ix_bot_pause_due", "due_at"),)

    conversation_id: Mapped[Ref] = mapped_column(
        ForeignKey("conversation.id"), primary_key=True, autoincrement=False
    )
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"))
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    epoch: Mapped[int]
    messages: Mapped[Array]
    began_at: Mapped[At]
    due_at: Mapped[At]
