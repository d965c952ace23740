"""A case put before a supervisor, with a type and a reason."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Made, Ref, Word

ACTIVE = ("open", "taken")


class Escalation(Base):
    __tablename__ = "escalation"
    __table_args__ = (
        Index(
            "uq_escalation_active",
            "case_id",
            unique=True,
            sqlite_where=text("state IN ('open', 'taken')"),
            postgresql_where=text("state IN ('open', 'taken')"),
        ),
        Index("ix_escalation_due", "state", "due_at"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), index=True)
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case.id"))
    type: Mapped[Word]
    reason: Mapped[Body] = mapped_column(default="")
    raised_by: Mapped[Word]  # agent, bot, customer, system
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    raised_at: Mapped[Made]
    due_at: Mapped[At]
    state: Mapped[Word] = mapped_column(default="open")  # open, taken, returned, resolved
    taken_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    taken_at: Mapped[At | None]
    closed_at: Mapped[At | None]
    finding: Mapped[Body] = mapped_column(default="")  # the advice it was returned with, or the finding
