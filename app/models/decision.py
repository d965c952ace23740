"""What the bot decided about one message, with everything needed to explain or replay it."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Id, Made, Object, Ref, Word


class Decision(Base):
    __tablename__ = "decision"

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), unique=True)
    reply_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"), index=True)
    version: Mapped[Ref]
    epoch: Mapped[int]
    action: Mapped[Word]
    entry_id: Mapped[Ref | None]
    rule_id: Mapped[Ref | None]
    score: Mapped[float] = mapped_column(default=0.0)
    detail: Mapped[Object]  # considered, reasons, language, the question as asked
    made_at: Mapped[Made]
