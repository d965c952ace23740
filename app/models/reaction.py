"""What a person put on a message: an emoji."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Made, Ref, Word


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


class EarlyReaction(Base):
    """A word on a message that we do not have yet, or do not know yet to be ours: kept until it comes."""

    __tablename__ = "early_reaction"

    id: Mapped[Id]
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    external_id: Mapped[str] = mapped_column(String(512))
    kind: Mapped[Word]
    scope: Mapped[str] = mapped_column(String(128))
    address: Mapped[str] = mapped_column(String(320))
    emoji: Mapped[Word]
    is_on: Mapped[bool]
    at: Mapped[At]
    created_at: Mapped[Made]
