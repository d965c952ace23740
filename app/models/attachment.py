"""A file that came with a message, or waits to be sent with one."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Line, Made, Ref, Word


class Attachment(Base):
    __tablename__ = "attachment"

    id: Mapped[Id]
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"), index=True)
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    name: Mapped[Line]
    content_type: Mapped[str] = mapped_column(String(128))  # as sniffed, never as declared
    size: Mapped[int]  # bytes
    sha256: Mapped[Word]
    width: Mapped[int | None]
    height: Mapped[int | None]
    thumb: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str] = mapped_column(String(128), unique=True)  # public, unguessable
    content_id: Mapped[Line] = mapped_column(default="")  # the name a mail's HTML shows it by
    created_at: Mapped[Made]

    @property
    def is_image(self) -> bool:
        return self.width is not None


class RemoteFile(Base):
    """A file of a message that still lies with the provider. `next_at` is None once it was given up."""

    __tablename__ = "remote_file"

    id: Mapped[Id]
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), index=True)
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    name: Mapped[Line]
    content_type: Mapped[str] = mapped_column(String(128), default="")  # as declared
    url: Mapped[Body] = mapped_column(default="")
    ref: Mapped[Line] = mapped_column(default="")
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes, as declared
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[At | None] = mapped_column(index=True)
    error: Mapped[Body] = mapped_column(default="")
    created_at: Mapped[Made]
