"""What the bot decided about one message, with everything needed to explain or replay it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Made, Object, Ref, Word

ANSWERED, COURTESY, ASKED, UNKNOWN, HANDED_OVER, FORM, QUIET = (
    "answered",  # by an entry, a rule or a flow
    "courtesy",  # a greeting returned
    "asked",  # asked back
    "unknown",  # said that it does not know
    "handed_over",  # to a person; `reason` says why, also where nothing was said for a reason of its own
    "form",  # asked the next thing of a form
    "quiet",  # nothing to say
)


class Decision(Base):
    """``outcome`` is what came of ``action``: what was really said. ``again_at`` is when the customer, after this
    answer, asked the same again or needed a person (None: not so far): with it a report tells what has helped,
    within whatever time. The index is all that a report reads, without the rows, whose ``detail`` is large.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_report", "made_at", "outcome", "channel_id", "entry_id", "reason", "again_at"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), unique=True)
    reply_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"), index=True)
    channel_id: Mapped[Ref | None]
    version: Mapped[Ref]
    epoch: Mapped[int]
    action: Mapped[Word]
    outcome: Mapped[Word] = mapped_column(default=QUIET)
    reason: Mapped[Word] = mapped_column(default="")
    again_at: Mapped[At | None]
    entry_id: Mapped[Ref | None]
    rule_id: Mapped[Ref | None]
    score: Mapped[float] = mapped_column(default=0.0)
    detail: Mapped[Object]  # considered, reasons, language, the question as asked
    made_at: Mapped[Made]
