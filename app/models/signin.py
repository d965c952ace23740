"""A signed-in browser. The cookie holds the token, the table only its hash."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Line, Made, Ref, Word


class Signin(Base):
    __tablename__ = "signin"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[Word]
    created_at: Mapped[Made]
    last_seen_at: Mapped[At]
    expires_at: Mapped[At]
    user_agent: Mapped[Line] = mapped_column(default="")
    ip: Mapped[Word] = mapped_column(default="")
