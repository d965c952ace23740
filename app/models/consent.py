"""What a customer agreed to, or wants no more: one append-only record of each time they, or somebody, said so."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Line, Made, Ref, Word

SERVICE, NOTICES, MARKETING = "service", "notices", "marketing"  # purposes every house has
CHAT, FORM, STOP, API, AGENT, IMPORT, SHOP = "chat", "form", "stop", "api", "agent", "import", "shop"
SOURCES = (CHAT, FORM, STOP, API, AGENT, IMPORT, SHOP)

_SAID = text("message_id IS NOT NULL AND agent_id IS NULL")


class Consent(Base):
    """`given` or withdrawn, by an address: who has the address has its consents, so that links, splits and their
    undoing move nothing here.

    It is about one channel, about a `kind` of channel, or ("" and none) about whichever leads there; about one
    `purpose`, or ("") about all. Of the records about the same the one with the latest `at` holds. `message_id` is
    where they said it themselves: of one message a purpose is read once.
    """

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_identity", "identity_id", "at", "id"),
        Index(
            "uq_consent_said",
            "message_id",
            "purpose",
            unique=True,
            sqlite_where=_SAID,
            postgresql_where=_SAID,
        ),
    )

    id: Mapped[Id]
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"))
    kind: Mapped[Word] = mapped_column(default="")
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    purpose: Mapped[Word] = mapped_column(default="")
    given: Mapped[bool]
    source: Mapped[Word]
    reason: Mapped[Line] = mapped_column(default="")
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"))
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    at: Mapped[At]
    created_at: Mapped[Made]
