"""What programs sign in with: API tokens, and the answers kept for requests that may come again."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Id, Line, Made, Object, Ref, Word


class ApiToken(Base):
    """The program holds the token, the table only its hash. It acts as `agent_id`, within `scopes`."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), index=True)
    name: Mapped[Line]
    prefix: Mapped[Word]  # how it begins, so that a token found somewhere can be told from the others
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Array]
    created_at: Mapped[Made]
    last_used_at: Mapped[At | None]
    revoked_at: Mapped[At | None]


class KeptAnswer(Base):
    """What a write with this `Idempotency-Key` was answered; `fingerprint` is the hash of its request."""

    __tablename__ = "kept_answer"
    __table_args__ = (
        Index("uq_kept_answer_key", "token_id", "key", unique=True),
        Index("ix_kept_answer_made_at", "made_at"),
    )

    id: Mapped[Id]
    token_id: Mapped[Ref] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(default=0)
    headers: Mapped[Object]
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    made_at: Mapped[Made]
