"""One setting the admin edits in the web pages: shop name, business hours, lists."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Object, Word


class Setting(Base):
    __tablename__ = "setting"

    key: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[Object]
