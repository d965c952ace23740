"""One configured account of a kind: this LINE official account, that mailbox, this site's chat."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Line, Made, Object, Word

WORKS, UNKNOWN, FAILING = "ok", "unknown", "failing"  # Channel.health
ACTION, REAUTHORISE = "action", "reauthorise"  # an admin has to do something, or to sign in again
PAUSE = 3  # seconds the bot waits for what else is said, where words alone make no sense yet; 0: never


class Channel(Base):
    __tablename__ = "channel"

    id: Mapped[Id]
    kind: Mapped[Word]
    name: Mapped[Line]
    key: Mapped[str] = mapped_column(String(64), unique=True)  # public: names the channel in addresses
    settings: Mapped[Object]
    secrets: Mapped[bytes] = mapped_column(LargeBinary, default=b"")  # encrypted, see app.secrets
    enabled: Mapped[bool] = mapped_column(default=True)
    bot_enabled: Mapped[bool] = mapped_column(default=True)
    bot_pause: Mapped[int] = mapped_column(default=PAUSE, server_default="3")
    health: Mapped[Word] = mapped_column(default=UNKNOWN)
    health_text: Mapped[Body] = mapped_column(default="")
    health_at: Mapped[At | None]
    rests_until: Mapped[
        At | None
    ]  # nothing is sent before: the provider asked for it, or an admin has to help
    cursor: Mapped[Object]
    created_at: Mapped[Made]
