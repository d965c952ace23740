"""Forms that the bot goes through with a customer, and what it asks other systems."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Body, Id, Line, Made, Object, Ref, Word


class BotFlow(Base):
    """A flow as it is edited; `steps` and `ending` are as `bots.Flow` has them."""

    __tablename__ = "bot_flow"

    id: Mapped[Id]
    key: Mapped[Word] = mapped_column(default="", server_default="")  # by which a file or a program names it
    name: Mapped[Line]
    language: Mapped[Word] = mapped_column(default="ja")
    keywords: Mapped[Array]
    questions: Mapped[Array] = mapped_column(
        server_default="[]"
    )  # what customers ask who mean it, as an entry has
    steps: Mapped[Array]
    ending: Mapped[Object]
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[Made]


class BotCall(Base):
    """A question of the bot to another system, whose answer is to be said under the `epoch` it was asked in.

    `asked` is everything the call takes, and what is said where nothing comes of it. `webhook_id` may be of one that
    was removed meanwhile.
    """

    __tablename__ = "bot_call"
    __table_args__ = (
        Index("ix_bot_call_due", "state", "made_at"),
        Index("ix_bot_call_webhook", "webhook_id", "id"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), index=True)
    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"))
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    webhook_id: Mapped[Ref]
    epoch: Mapped[int]
    state: Mapped[Word] = mapped_column(
        default="waiting"
    )  # waiting, calling, done, failed, superseded, tested
    asked: Mapped[Object]
    made_at: Mapped[Made]
    claimed_at: Mapped[At | None]
    done_at: Mapped[At | None]
    error: Mapped[Body] = mapped_column(default="")
    status: Mapped[int] = mapped_column(default=0)
    duration_ms: Mapped[int] = mapped_column(default=0)
    sent: Mapped[Body] = mapped_column(default="", server_default="")  # its beginning, as it went out
    answer: Mapped[Body] = mapped_column(default="", server_default="")  # what came back, its beginning
