"""Customers who prove, from a chat, which customer of the business they are."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Made, Ref, Word


class AccountLink(Base):
    """One way from a chat to the business's sign-in and back. Of token and nonce only hashes are kept.

    ``identity_id`` is the address in the chat that the platform's token stands for, ``proved_identity_id`` who signed
    in. ``used_at`` is when the platform said what became of it, ``outcome`` what that was.
    """

    __tablename__ = "account_link"

    id: Mapped[Id]
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    nonce_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    proved_identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    created_at: Mapped[Made]
    expires_at: Mapped[At]
    used_at: Mapped[At | None]
    outcome: Mapped[Word] = mapped_column(default="")
