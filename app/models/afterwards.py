"""An answer to a visitor of the chat who has left, waiting to go to them by mail."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Made, Ref


class MailAfter(Base):
    """One for each visitor: their answers from `message_id` on go together once it is `due_at`."""

    __tablename__ = "mail_after"

    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), primary_key=True, autoincrement=False)
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"))
    address: Mapped[str] = mapped_column(String(320))
    due_at: Mapped[At] = mapped_column(index=True)
    created_at: Mapped[Made]
