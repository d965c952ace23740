"""What a mail has besides its words: where it came from, what it carries along, and who else got it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now
from app.models.columns import Array, At, Body, Id, Line, Made, Object, Ref, Word


class MessageSource(Base):
    """A row of its own, as lists and threads do without it. ``refused``: recipients that our server did not take."""

    __tablename__ = "message_source"

    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), primary_key=True, autoincrement=False)
    receipt_id: Mapped[Ref | None] = mapped_column(ForeignKey("raw_receipt.id"))
    html: Mapped[Body] = mapped_column(default="")  # cleaned; its pictures by cid, see Attachment.content_id
    quoted: Mapped[Body] = mapped_column(default="")
    signature: Mapped[Body] = mapped_column(default="")
    answers: Mapped[Array]  # ids of the messages it says it answers, the nearest first
    checked: Mapped[Object]  # what was found out about where it comes from: {"dkim": "pass", …}
    refused: Mapped[Object]  # address → the words of the server


class MessageRef(Base):
    """An id by which a message is known at its provider: what answers name. One message may have several."""

    __tablename__ = "message_ref"
    __table_args__ = (Index("ix_message_ref_external_id", "external_id"),)

    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), primary_key=True, autoincrement=False)
    external_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), index=True)


class Participant(Base):
    """Somebody besides the customer who got or wrote a message of a conversation."""

    __tablename__ = "participant"
    __table_args__ = (Index("uq_participant", "conversation_id", "kind", "address", unique=True),)

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[Word]
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[Line] = mapped_column(default="")
    created_at: Mapped[Made]


class Collector(Base):
    """Who holds the line to a mailbox, and until when; how far it is. Only its holder may store what came."""

    __tablename__ = "collector"

    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), primary_key=True, autoincrement=False)
    holder: Mapped[Word] = mapped_column(default="")
    until: Mapped[At | None]
    left: Mapped[int] = mapped_column(default=0)  # known to wait at the provider
    total: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)  # in a row, for the back-off
    retry_at: Mapped[At | None]
    updated_at: Mapped[Made] = mapped_column(onupdate=now)
