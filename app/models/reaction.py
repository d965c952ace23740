"""What a person put on a message: an emoji."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Ref, Word


class Reaction(Base):
    """The last word of one person on one emoji of a message; "" is their last word on all of them at once.

    One that was taken off stays, so that an older word that comes later changes nothing.
    """

    __tablename__ = "reaction"

    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), primary_key=True)
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    emoji: Mapped[Word] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    at: Mapped[At]
