"""A reply kept ready, called up with ``/shortcut``."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Body, Id, Line, Made, Ref, Word


class CannedReply(Base):
    __tablename__ = "canned_reply"

    id: Mapped[Id]
    shortcut: Mapped[Word] = mapped_column(unique=True)
    title: Mapped[Line]
    body: Mapped[Body]
    locale: Mapped[Word] = mapped_column(default="")
    updated_at: Mapped[Made]
    updated_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
