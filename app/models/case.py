"""One matter inside a conversation, opened → resolved. Reports count these."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Line, Made, Ref, Word
from app.models.conversation import OPEN


class Case(Base):
    __tablename__ = "case"
    __table_args__ = (
        Index(
            "uq_case_unresolved",
            "conversation_id",
            unique=True,
            sqlite_where=text("status <> 'resolved'"),
            postgresql_where=text("status <> 'resolved'"),
        ),
        Index("ix_case_conversation", "conversation_id", "opened_at"),
        Index("ix_case_opened", "opened_at", "id"),
        Index("ix_case_status", "status", "opened_at", "id"),
        Index("ix_case_resolved", "resolved_at", "id"),
    )

    id: Mapped[Id]
    number: Mapped[int | None] = mapped_column(unique=True)
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"))
    subject: Mapped[Line] = mapped_column(default="")
    status: Mapped[Word] = mapped_column(default=OPEN)
    opened_at: Mapped[Made]
    first_response_at: Mapped[At | None]
    resolved_at: Mapped[At | None]
    resolved_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    reopened: Mapped[int] = mapped_column(default=0)
    rating: Mapped[int | None]
    rating_comment: Mapped[Body] = mapped_column(default="")
    rated_at: Mapped[At | None]
