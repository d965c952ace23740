"""What became of an answer of the bot: whether it helped, as the customer said, and what would have been right."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Made, Ref


class AnswerRating(Base):
    """The customer's last word on one answer. ``person_at``: when they took the person that was offered after a no."""

    __tablename__ = "answer_rating"

    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), primary_key=True)  # the bot's answer
    decision_id: Mapped[Ref] = mapped_column(ForeignKey("decision.id"), index=True)
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), index=True)
    helped: Mapped[bool]
    at: Mapped[Made]
    person_at: Mapped[At | None]


class AnswerCorrection(Base):
    """What an agent said would have been right (``entry_id`` None: no entry). The words became a labelled question."""

    __tablename__ = "answer_correction"
    __table_args__ = (Index("ix_answer_correction_at", "at"),)

    decision_id: Mapped[Ref] = mapped_column(ForeignKey("decision.id"), primary_key=True)
    entry_id: Mapped[Ref | None]  # stays when the entry is deleted
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id"))
    at: Mapped[Made]
