"""The sending of one outbound message, as a row with a state before it is a job."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Line, Made, Ref, Word

QUEUED, SENDING, SENT, DELIVERED, READ = "queued", "sending", "sent", "delivered", "read"
FAILED, UNKNOWN = "failed", "unknown"
LADDER = (QUEUED, SENDING, SENT, DELIVERED, READ)  # a state only climbs


class Delivery(Base):
    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "channel_id", "next_at"),
        Index("ix_delivery_line", "identity_id", "state"),
    )

    id: Mapped[Id]
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), unique=True)
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    state: Mapped[Word] = mapped_column(default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Made]
    claim: Mapped[Word] = mapped_column(default="")  # who holds it while it is being sent
    claimed_at: Mapped[At | None]
    error: Mapped[Body] = mapped_column(default="")  # a sentence for the agent
    purpose: Mapped[Word] = mapped_column(
        default="service", server_default="service"
    )  # see app.inbox.purposes
    updated_at: Mapped[Made]


class DeliveryRef(Base):
    """The provider's id of what was sent, by which its receipts come back."""

    __tablename__ = "delivery_ref"

    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    delivery_id: Mapped[Ref] = mapped_column(ForeignKey("delivery.id"), index=True)
    note: Mapped[Line] = mapped_column(default="")
