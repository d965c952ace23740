"""A person who signs in: agent, supervisor or admin; or somebody of a shop's staff."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Body, Id, Line, Made, Ref, Word

STORE = "store"  # shop staff: the counter is all they see
ROLES = ("agent", "supervisor", "admin", STORE)


class Agent(Base):
    __tablename__ = "agent"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[Line]
    password_hash: Mapped[Line]
    role: Mapped[Word] = mapped_column(default="agent")
    locale: Mapped[Word] = mapped_column(default="ja")
    timezone: Mapped[Word] = mapped_column(default="Asia/Tokyo")
    theme: Mapped[Word] = mapped_column(default="auto")
    send_key: Mapped[Word] = mapped_column(default="mod+enter")
    extension: Mapped[Word] = mapped_column(default="", server_default="")  # their telephone, or login there
    signature: Mapped[Body] = mapped_column(default="")  # below what they write by mail
    active: Mapped[bool] = mapped_column(default=True)
    store_id: Mapped[Ref | None]  # the channel that is the store they work in, for STORE
    created_at: Mapped[Made]

    @property
    def serves(self) -> bool:
        """Whether they look after conversations at all; shop staff see the counter and nothing else."""
        return self.role != STORE

    @property
    def oversees(self) -> bool:
        """Supervisors and admins see every conversation and the escalation desk."""
        return self.role in ("supervisor", "admin")
