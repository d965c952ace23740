"""Who is told of events over HTTP, and every telling as a row with a state."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Body, Id, Line, Made, Object, Ref, Word

QUEUED, SENDING, SENT, FAILED, SKIPPED = "queued", "sending", "sent", "failed", "skipped"
STATES = (QUEUED, SENDING, SENT, FAILED, SKIPPED)


class Webhook(Base):
    """A subscription. ``cursor`` is the position of the feed up to which its deliveries are made.

    Switched off by us (not by a person), ``notice`` says why.
    """

    __tablename__ = "webhook"

    id: Mapped[Id]
    name: Mapped[Line]
    url: Mapped[str] = mapped_column(String(2048))
    kinds: Mapped[Array]  # of events; empty: all
    enabled: Mapped[bool] = mapped_column(default=True)
    notice: Mapped[Word] = mapped_column(default="")  # gone, failing
    secrets: Mapped[bytes] = mapped_column(LargeBinary, default=b"")  # sealed: {"keys": [newest, …]}
    old_key_until: Mapped[At | None]
    cursor: Mapped[Ref] = mapped_column(default=0)
    failing_since: Mapped[At | None]  # since when nothing got through
    resume_at: Mapped[At | None]  # it asked to be left alone until then
    created_at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))


class WebhookDelivery(Base):
    """One event for one webhook; ``event_id`` is empty for a test. What was said last, and what was answered.

    ``line`` is the conversation (0: none): within it nothing overtakes.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("uq_webhook_delivery_event", "webhook_id", "event_id", unique=True),
        Index("ix_webhook_delivery_due", "state", "webhook_id", "next_at"),
        Index("ix_webhook_delivery_line", "webhook_id", "line", "state", "position"),
        Index("ix_webhook_delivery_state", "webhook_id", "state", "id"),
        Index("ix_webhook_delivery_made", "made_at"),
    )

    id: Mapped[Id]
    webhook_id: Mapped[Ref] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[Ref | None]
    position: Mapped[Ref] = mapped_column(default=0)
    kind: Mapped[Word]
    line: Mapped[Ref] = mapped_column(default=0)
    state: Mapped[Word] = mapped_column(default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[Made]
    first_at: Mapped[At | None]  # of the first attempt: patience is counted from here
    next_at: Mapped[Made]
    claim: Mapped[Word] = mapped_column(default="")
    claimed_at: Mapped[At | None]
    done_at: Mapped[At | None]
    error: Mapped[Body] = mapped_column(default="")
    duration_ms: Mapped[int] = mapped_column(default=0)
    request: Mapped[Object]  # {"headers": {…}, "body": the first kB}
    status: Mapped[int] = mapped_column(default=0)  # of the answer; 0: there was none
    response: Mapped[Object]  # the same of the answer
