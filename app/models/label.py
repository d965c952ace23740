"""A label, and which conversations carry it."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Id, Made, Ref, Word


class Label(Base):
    __tablename__ = "label"

    id: Mapped[Id]
    name: Mapped[Word] = mapped_column(unique=True)
    hue: Mapped[int] = mapped_column(default=210)


class ConversationLabel(Base):
    __tablename__ = "conversation_label"

    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    label_id: Mapped[Ref] = mapped_column(
        ForeignKey("label.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    put_at: Mapped[Made]
