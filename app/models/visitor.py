"""A browser or app that chats through the widget, and the codes that carry it to another device."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Made, Object, Ref, Word


class Visitor(Base):
    """``identity_id`` is the anonymous identity of this browser; ``proved_identity_id`` the signed one."""

    __tablename__ = "visitor"

    id: Mapped[Id]
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"), index=True)
    proved_identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"), index=True)
    created_at: Mapped[Made]
    last_seen_at: Mapped[At]
    expires_at: Mapped[At]
    revoked_at: Mapped[At | None]
    locale: Mapped[Word] = mapped_column(default="")
    page: Mapped[Object]  # {"url": …, "title": …}


class ResumeCode(Base):
    """Valid once, for a few attempts and minutes. `by_link`: it travels in an address, which may be passed on, so who
    comes with it is let in by the old chat alone (:class:`ResumeClaim`)."""

    __tablename__ = "resume_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    visitor_id: Mapped[Ref] = mapped_column(ForeignKey("visitor.id"), index=True)
    created_at: Mapped[Made]
    expires_at: Mapped[At]
    used_at: Mapped[At | None]
    by_link: Mapped[bool] = mapped_column(default=False, server_default=false())


class ResumeClaim(Base):
    """Who came with such a code first: another browser, or an address on another channel. There is no second one.

    `allowed` is what was said to it in the old chat, None as long as nothing was.
    """

    __tablename__ = "resume_claim"

    code_hash: Mapped[str] = mapped_column(ForeignKey("resume_code.code_hash"), primary_key=True)
    claimant_id: Mapped[Ref | None] = mapped_column(ForeignKey("visitor.id"), index=True)
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    created_at: Mapped[Made]
    allowed: Mapped[bool | None]
    answered_at: Mapped[At | None]


class ResumeInvitation(Base):
    """To whom an address was sent that leads into the chat from another channel: they are asked there, by `channel_id`,
    whether it is they who opened it."""

    __tablename__ = "resume_invitation"

    code_hash: Mapped[str] = mapped_column(ForeignKey("resume_code.code_hash"), primary_key=True)
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), index=True)
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
