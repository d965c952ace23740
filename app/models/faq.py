"""What the bot knows: FAQ entries and rules, and the append-only record of every edit of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, Body, Id, Line, Made, Object, Ref, Word


class FaqEntry(Base):
    __tablename__ = "faq_entry"

    id: Mapped[Id]
    title: Mapped[Line]
    language: Mapped[Word] = mapped_column(default="ja")
    questions: Mapped[Array]  # the ways it is asked
    answer: Mapped[Body]
    links: Mapped[Array]  # [{"label": …, "url": …}]
    quick_replies: Mapped[Array]
    tags: Mapped[Array]
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[Made]


class BotRule(Base):
    __tablename__ = "bot_rule"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[Line]
    language: Mapped[Word] = mapped_column(default="")
    keywords: Mapped[Array]
    pattern: Mapped[Body] = mapped_column(default="")
    action: Mapped[Word]
    params: Mapped[Object]
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[Made]


class Revision(Base):
    """One edit: the row as it was after it (``data`` null: removed). The bot's version is the highest id."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_noun", "noun", "noun_id", "id"),)

    id: Mapped[Id]
    noun: Mapped[Word]  # faq_entry, bot_rule, bot_settings
    noun_id: Mapped[Ref]
    data: Mapped[Object]
    at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
