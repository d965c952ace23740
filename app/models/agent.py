"""A person who signs in: agent, supervisor or admin."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Body, Id, Line, Made, Word

ROLES = ("agent", "supervisor", "admin")


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
    signature: Mapped[Body] = mapped_column(default="")  # below what they write by mail
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Made]

    @property
    def oversees(self) -> bool:
        """Supervisors and admins see every conversation and the escalation desk."""
        return self.role in ("supervisor", "admin")
