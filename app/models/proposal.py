"""Questions the bot had no good answer to, gathered because they are alike, as one entry that is proposed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Id, Made, Object, Ref, Word

OPEN, TAKEN, DISMISSED = "open", "taken", "dismissed"


class Proposal(Base):
    """Nobody's words are kept here, only where they stand: what is forgotten there is forgotten here."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_state", "state", "times", "id"),)

    id: Mapped[Id]
    language: Mapped[Word]
    state: Mapped[Word] = mapped_column(default=OPEN)  # open, taken, dismissed
    questions: Mapped[Array]  # ids of customers' messages, the most typical wording first
    answers: Mapped[Array]  # ids of what agents then wrote, the most typical first
    times: Mapped[int] = mapped_column(default=0)  # how often it was asked
    wordings: Mapped[int] = mapped_column(default=0)
    why: Mapped[Object]  # {reason: how often}
    first_at: Mapped[At | None]
    last_at: Mapped[At | None]
    into_id: Mapped[Ref | None]  # the entry that people said is right; None: there is none yet
    entry_id: Mapped[Ref | None]  # the entry that was made of it
    made_at: Mapped[Made]
    settled_at: Mapped[At | None]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
