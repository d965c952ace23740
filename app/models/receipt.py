"""What arrived, byte for byte, stored before it was understood."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Body, Id, Made, Object, Ref, Word


class RawReceipt(Base):
    """``outcome`` accounts for every event in it: a message id, or the reason it became none."""

    __tablename__ = "raw_receipt"
    __table_args__ = (Index("ix_raw_receipt_state", "state", "id"),)

    id: Mapped[Id]
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), index=True)
    received_at: Mapped[Made]
    method: Mapped[Word] = mapped_column(default="POST")
    url: Mapped[Body] = mapped_column(default="")
    headers: Mapped[Object]
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    remote: Mapped[Word] = mapped_column(default="")
    state: Mapped[Word] = mapped_column(default="new")  # new, parsed, failed, refused
    error: Mapped[Body] = mapped_column(default="")
    parsed_at: Mapped[At | None]
    outcome: Mapped[Array]
